import { Agent, request as sendRequest } from "node:http";
import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { tally } from "#scripts/testing/at-once.ts";
import { callerParts } from "#scripts/testing/caller-parts.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import {
  type BenchSalon,
  PLATFORM_NUMBERS,
  startWebhookBench,
  type WebhookBench,
} from "#scripts/testing/webhook-bench.ts";
import {
  isSigned,
  MUTATIONS,
  one,
  signed,
  spoiledParameters,
  type Webhook,
  type WireWebhook,
} from "#scripts/testing/webhook-mutations.ts";
import { createRandom, type Random } from "#scripts/twilio-simulator/random.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { createThreads } from "#shared/contacts/threads.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createInboundIntake } from "#shared/messages/inbound-intake.ts";
import { createInboundMessages } from "#shared/messages/inbound-store.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { limitIntake } from "#shared/runtime/intake.ts";
import { MAX_INTAKE_BYTES } from "#shared/webhooks/limits.ts";
import { createHandler as createCallHandler } from "./receive-call/handler.ts";
import { createHandler as createMessageHandler } from "./receive-message/handler.ts";
import { createPlatformInbox } from "./receive-message/platform-inbox.ts";
import { createHandler as createStatusHandler } from "./receive-status/handler.ts";

const SEED = Number(process.env.FUZZ_SEED ?? 20_261_122);
const REQUESTS = 10_000;
const AT_ONCE = 24;
/** Before this many, caches, pools and compiled code are still growing. */
const WARMED_UP = 3_000;
/** How much larger than then the heap may be at the end, both after a collection. */
const HEAP_GROWTH = 1.25;
const CUSTOMER_PREFIX = "+1415777";

type FunctionName = "receive-message" | "receive-call" | "receive-status";
interface Answer {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly text: string;
}

let bench: WebhookBench;
let salon: BenchSalon;
let other: BenchSalon;
const hosts: Record<string, string> = {};
const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });
const unhandled: unknown[] = [];
const note = (reason: unknown): void => void unhandled.push(reason);
let unlimited = () => {};

beforeAll(async () => {
  // Express tells where it failed in any other environment than the one that is deployed.
  vi.stubEnv("NODE_ENV", "production");
  process.on("unhandledRejection", note);
  bench = await startWebhookBench();
  unlimited = limitIntake(MAX_INTAKE_BYTES);
  const messages = createOutboundMessages(bench.database, bench.clock);
  const calls = createCalls(bench.database, bench.clock);
  const threads = createThreads(bench);
  const ofMessage = { ...bench, ...bench.verifiersOf("receive-message") };
  const inbound = createInboundMessages(bench.database);
  const acceptance = createAcceptance({ ...bench, messages });
  const intake = createInboundIntake({ ...bench, inbound, acceptance });
  const deadLetters = createDeadLetters(bench.database, bench.clock);
  const platformInbox = createPlatformInbox({ ...ofMessage, threads, deadLetters });
  const handlers = {
    "receive-message": createMessageHandler({ ...ofMessage, platformInbox, intake }),
    "receive-call": createCallHandler({
      ...bench,
      ...callerParts(bench),
      ...bench.verifiersOf("receive-call"),
      calls,
    }),
    "receive-status": createStatusHandler({
      ...bench,
      ...bench.verifiersOf("receive-status"),
      messages,
      calls,
    }),
  };
  for (const [name, handler] of Object.entries(handlers)) hosts[name] = await bench.serve(name, handler);
  [salon, other] = await Promise.all([bench.addSalon("+14155550101"), bench.addSalon("+14155550102")]);
});
afterAll(async () => {
  agent.destroy();
  unlimited();
  process.off("unhandledRejection", note);
  vi.unstubAllEnvs();
  await bench.stop();
});

/** A webhook as it should be, of one of the kinds there are, by a customer who is hardly ever the same. */
function genuine(random: Random): { readonly to: FunctionName; readonly webhook: Webhook } {
  const { salonId, accountSid, authToken: token, number } = one([salon, salon, salon, other], random);
  const main = bench.twilio.main;
  const From = `${CUSTOMER_PREFIX}${String(random.below(10_000)).padStart(4, "0")}`;
  const ours = { AccountSid: accountSid, From, To: number };
  const theirs = { AccountSid: main.accountSid, From, To: PLATFORM_NUMBERS.default };
  const message = { MessageSid: random.sid("SM"), Body: "Hello", NumMedia: "0", NumSegments: "1" };
  const call = { CallSid: random.sid("CA"), CallStatus: "ringing", Direction: "inbound" };
  const state = { MessageSid: random.sid("SM"), MessageStatus: "delivered", AccountSid: accountSid };
  const of = (to: FunctionName, path: string, form: Webhook["form"], kind: Webhook["kind"] = "form") => ({
    to,
    webhook: { path: `/webhooks/twilio/${path}`, kind, token, form },
  });
  const messagePath = `status/${salonId}/${random.hex(40)}/1`;
  return one(
    [
      () => of("receive-message", `sms/${salonId}`, { ...ours, ...message }),
      () => of("receive-message", `whatsapp/${salonId}`, { ...ours, ...message }, "query"),
      () => {
        const { to, webhook } = of("receive-message", "sms/platform", { ...theirs, ...message });
        return { to, webhook: { ...webhook, token: main.authToken } };
      },
      () => of("receive-call", `voice/${salonId}`, { ...ours, ...call }),
      () => of("receive-call", `voice/${salonId}/menu`, { ...ours, ...call, Digits: "2" }),
      () => of("receive-status", messagePath, state),
      () => of("receive-status", messagePath, state, "json"),
      () => of("receive-status", messagePath, state, "query"),
      () => of("receive-status", `status/${salonId}`, { ...ours, ...call, CallStatus: "completed" }),
    ],
    random,
  )();
}

/** Mostly spoiled by anybody, sometimes by somebody who has the token, and now and then as it should be. */
function hostile(random: Random) {
  const { to, webhook } = genuine(random);
  const kind = random.below(10);
  if (kind === 0) return { to, sent: signed(bench.gateway.url, webhook), how: ["genuine"] };
  if (kind <= 2) {
    const form = spoiledParameters(webhook.form, random);
    return { to, sent: signed(bench.gateway.url, { ...webhook, form }), how: ["insider"] };
  }
  const how = Array.from({ length: 1 + random.below(3) }, () => one(Object.keys(MUTATIONS), random));
  const sent = how.reduce<WireWebhook>(
    (before, name) => MUTATIONS[name]?.(before, random) ?? before,
    signed(bench.gateway.url, webhook),
  );
  return { to, sent, how };
}

function send(host: string, { method, path, headers, body }: WireWebhook): Promise<Answer> {
  const [hostname = "", port] = host.split(":");
  return new Promise((resolve) => {
    const options = { hostname, port, method, path, headers: bare(headers, body), agent, timeout: 20_000 };
    const request = sendRequest(options, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", () => resolve({ status: 0, text: "" }));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
      );
    });
    request.on("error", () => resolve({ status: 0, text: "" }));
    request.on("timeout", () => request.destroy(new Error("No answer in time.")));
    request.end(body);
  });
}
const bare = (headers: WireWebhook["headers"], body: Buffer) => ({
  ...Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== "")),
  "content-length": String(body.length),
});

/** What no client of Node's would send. */
const RAW = [
  "\r\n\r\n",
  "GET / HTTP/9.9\r\n\r\n",
  "POST /webhooks/twilio/sms/platform HTTP/1.1\r\n\r\n",
  "POST /webhooks/twilio/sms/\u0000 HTTP/1.1\r\nHost: x\r\n\r\n",
  "POST http://evil.example/webhooks/twilio/sms/platform HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
  "POST * HTTP/1.1\r\nHost: x\r\n\r\n",
  "CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde",
  "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
  "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\nzz\r\n",
  "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: 500\r\n\r\nand then nothing",
  `POST / HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: ${"a".repeat(20_000)}\r\n\r\n`,
  `GET /${"a".repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  "POST / HTTP/1.1\r\nHost: x\r\nX-Twilio-Signature: a\r\n b\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "\u0016\u0003\u0001\u0002\u0000\u0001\u0000",
] as const;

function sendRaw(host: string, text: string): Promise<Answer> {
  const [hostname = "", port] = host.split(":");
  return new Promise((resolve) => {
    let answered = "";
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(text));
    // One that waits for more is left by its client, in the middle of the request.
    socket.setTimeout(100, () => socket.destroy());
    socket.on("data", (part) => {
      answered += part.toString();
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      const status = /^HTTP\/1\.1 (\d{3})/.exec(answered)?.[1] ?? "0";
      resolve({ status: Number(status), text: answered });
    });
  });
}

setFlagsFromString("--expose-gc");
const collectGarbage: unknown = runInNewContext("gc");
function heapInUse(): number {
  bench.logs.lines.splice(0);
  if (typeof collectGarbage === "function") for (let pass = 0; pass < 3; pass += 1) collectGarbage();
  return process.memoryUsage().heapUsed;
}

test(`${REQUESTS} hostile requests get no 5xx, let nothing unsigned in, kill nothing and leave no memory behind`, {
  timeout: 240_000,
}, async () => {
  const random = createRandom(SEED, "webhook fuzz");
  const tokens = [salon, other].map(({ authToken }) => authToken);
  tokens.push(bench.twilio.main.authToken, bench.second.auth_token);
  const secrets = [...tokens, CUSTOMER_PREFIX.slice(1), salon.accountSid, other.accountSid];
  const wrong: unknown[] = [];
  const seen: string[] = [];
  const signedOnes: string[] = [];
  const leaks = new Set<string>();
  let before = 0;
  const started = Date.now();

  const judge = (how: readonly string[], { status, text }: Answer, isGenuine: boolean): void => {
    seen.push(String(status));
    if (isGenuine) signedOnes.push(String(status));
    if (status >= 500) wrong.push({ how, status, text: text.slice(0, 300) });
    if (!isGenuine && status >= 200 && status < 300) wrong.push({ how, status, accepted: true });
    if (/node_modules|\n\s+at |webhooks\.js/.test(text)) wrong.push({ how, status, stack: true });
    if (how[0] === "genuine" && (status < 200 || status > 299) && status !== 429) {
      wrong.push({ how, status, text: text.slice(0, 300), refused: true });
    }
  };

  for (let index = 0; index < REQUESTS; index += AT_ONCE) {
    await Promise.all(
      Array.from({ length: Math.min(AT_ONCE, REQUESTS - index) }, (_, offset) => {
        if ((index + offset) % 50 === 0) {
          const to = one(Object.keys(hosts), random);
          const raw = one(RAW, random);
          return sendRaw(hosts[to] ?? "", raw).then((answer) => judge([raw.slice(0, 60)], answer, false));
        }
        const { to, sent, how } = hostile(random);
        const isGenuine = isSigned(bench.gateway.url, sent, tokens);
        return send(hosts[to] ?? "", sent).then((answer) => judge(how, answer, isGenuine));
      }),
    );
    for (const leaked of bench.logs.leaked(secrets)) leaks.add(leaked);
    bench.logs.lines.splice(0);
    if (before === 0 && index >= WARMED_UP) before = heapInUse();
  }
  const after = heapInUse();
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  printCount(
    [
      `webhook fuzz: seed ${SEED}, ${seen.length} requests in ${seconds} s`,
      `by status (0: closed without an answer) ${JSON.stringify(tally(seen))}`,
      `of these signed ${JSON.stringify(tally(signedOnes))}`,
      `heap ${(before / 1e6).toFixed(1)} MB after ${WARMED_UP}, ${(after / 1e6).toFixed(1)} MB at the end`,
    ].join("; "),
  );
  expect(wrong.slice(0, 10)).toEqual([]);
  expect([...leaks].map((leaked) => secrets.indexOf(leaked))).toEqual([]);
  expect(unhandled).toEqual([]);
  expect(after / before).toBeLessThan(HEAP_GROWTH);
  for (let each = 0; each < 50; each += 1) {
    const { to, webhook } = genuine(random);
    const { status } = await send(hosts[to] ?? "", signed(bench.gateway.url, webhook));
    expect([200, 204]).toContain(status);
  }
});
