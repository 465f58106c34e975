import { Agent, request as sendRequest } from "node:http";
import { connect } from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { tally } from "#scripts/testing/at-once.ts";
import { callerParts } from "#scripts/testing/caller-parts.ts";
import {
  type GenuineWebhook,
  storeForWebhooks,
  type WebhookReceiver,
} from "#scripts/testing/genuine-webhooks.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { type BenchSalon, startWebhookBench, type WebhookBench } from "#scripts/testing/webhook-bench.ts";
import {
  isSigned,
  MUTATIONS,
  one,
  type Signer,
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
/** How much may be left of each request after that: the benches keep what was published. */
const MOST_BYTES_EACH = 2_000;
const CUSTOMER_PREFIX = "+1415777";

interface Answer {
  /** 0: the connection was closed without an answer. */
  readonly status: number;
  readonly text: string;
}

let bench: WebhookBench;
let salon: BenchSalon;
let other: BenchSalon;
/** One as it should be, of one of the kinds there are. */
let genuine: (random: Random) => GenuineWebhook;
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
  const parts = { ...bench, messages, calls, main: bench.twilio.main, customers: CUSTOMER_PREFIX };
  genuine = await storeForWebhooks([salon, other], parts);
});
afterAll(async () => {
  agent.destroy();
  unlimited();
  process.off("unhandledRejection", note);
  vi.unstubAllEnvs();
  await bench.stop();
});

/** Mostly spoiled by anybody, sometimes by somebody who has a token, and now and then as it should be. */
function hostile(random: Random): { to: WebhookReceiver; sent: WireWebhook; how: readonly string[] } {
  const { to, webhook } = genuine(random);
  const kind = random.below(10);
  if (kind <= 1) return { to, sent: signed(bench.gateway.url, webhook), how: ["genuine"] };
  if (kind <= 3) {
    const form = spoiledParameters(webhook.form, random);
    return { to, sent: signed(bench.gateway.url, { ...webhook, form }), how: ["insider"] };
  }
  if (kind === 4) return { to, sent: bySomebodyElse(webhook, random), how: ["somebody else"] };
  const how = Array.from({ length: 1 + random.below(3) }, () => one(Object.keys(MUTATIONS), random));
  const sent = how.reduce<WireWebhook>(
    (before, name) => MUTATIONS[name]?.(before, random) ?? before,
    signed(bench.gateway.url, webhook),
  );
  return { to, sent, how };
}

/** Signed well by another salon, under its own account's name or under the right one's. */
function bySomebodyElse(webhook: Webhook, random: Random): WireWebhook {
  const { accountSid, authToken } = webhook.token === other.authToken ? salon : other;
  const AccountSid = one([accountSid, webhook.form.AccountSid ?? ""], random);
  const form = { ...webhook.form, AccountSid };
  return signed(bench.gateway.url, { ...webhook, token: authToken, form });
}

/** Whose signature counts at this path: the salon's, the platform's parents', or both for a message's status. */
function signersAt(path: string): Signer[] {
  const [, , , kind, segment, messageId] = path.split(/[/?]/);
  const { main } = bench.twilio;
  const parents = [
    { accountSid: main.accountSid, token: main.authToken },
    { accountSid: bench.second.sid, token: bench.second.auth_token },
  ];
  if (segment === "platform") return parents;
  const salons = [salon, other].filter(({ salonId }) => salonId === segment);
  const own = salons.map(({ accountSid, authToken: token }) => ({ accountSid, token }));
  return kind === "status" && messageId !== undefined && own.length > 0 ? [...own, ...parents] : own;
}

function send(host: string, webhook: WireWebhook, connection: Agent | false = agent): Promise<Answer> {
  const { method, path, headers, body } = webhook;
  const [hostname = "", port] = host.split(":");
  return new Promise((resolve) => {
    const to = { hostname, port, agent: connection, timeout: 20_000 };
    const request = sendRequest({ ...to, method, path, headers: bare(headers, body) }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part));
      response.on("error", () => resolve({ status: 0, text: "" }));
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(parts).toString() }),
      );
    });
    // The server may have closed a kept connection just as it was taken again.
    request.on("error", (error: NodeJS.ErrnoException) => {
      const isStale = request.reusedSocket && error.code === "ECONNRESET";
      resolve(isStale ? send(host, webhook, false) : { status: 0, text: "" });
    });
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
/** Bytes, within the heap and outside of it. */
function memoryInUse(): number {
  bench.logs.lines.splice(0);
  if (typeof collectGarbage === "function") for (let pass = 0; pass < 3; pass += 1) collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const isGood = (status: string | number) => String(status).startsWith("2");

test(`${REQUESTS} hostile requests get no 5xx, let in nothing but what the right account signed, kill nothing and leave no memory behind`, {
  timeout: 600_000,
}, async () => {
  const random = createRandom(SEED, "webhook fuzz");
  const tokens = [salon, other].map(({ authToken }) => authToken);
  tokens.push(bench.twilio.main.authToken, bench.second.auth_token);
  const secrets = [...tokens, CUSTOMER_PREFIX.slice(1), salon.accountSid, other.accountSid];
  const wrong: unknown[] = [];
  const seen: string[] = [];
  const bySigners: string[] = [];
  const genuineOnes: string[] = [];
  const fromElsewhere: string[] = [];
  const leaks = new Set<string>();
  const started = Date.now();

  const judge = (how: readonly string[], { status, text }: Answer, mayPass: boolean): void => {
    seen.push(String(status));
    if (mayPass) bySigners.push(String(status));
    if (how[0] === "genuine") genuineOnes.push(String(status));
    if (how[0] === "somebody else") fromElsewhere.push(String(status));
    if (status >= 500) wrong.push({ how, status, text: text.slice(0, 300) });
    if (!mayPass && isGood(status)) wrong.push({ how, status, accepted: true });
    if (/node_modules|\n\s+at |webhooks\.js/.test(text)) wrong.push({ how, status, stack: true });
    if (how[0] === "genuine" && !isGood(status) && status !== 429) {
      wrong.push({ how, status, text: text.slice(0, 300), refused: true });
    }
  };

  async function sendOne(index: number): Promise<void> {
    if (index % 50 === 0) {
      const raw = one(RAW, random);
      return judge(
        [raw.slice(0, 60)],
        await sendRaw(hosts[one(Object.keys(hosts), random)] ?? "", raw),
        false,
      );
    }
    const { to, sent, how } = hostile(random);
    const mayPass = isSigned(bench.gateway.url, sent, signersAt(sent.path));
    judge(how, await send(hosts[to] ?? "", sent), mayPass);
  }

  let next = 0;
  async function storm(until: number): Promise<void> {
    const lanes = Array.from({ length: AT_ONCE }, async () => {
      while (next < until) {
        next += 1;
        await sendOne(next);
        for (const leaked of bench.logs.leaked(secrets)) leaks.add(leaked);
        bench.logs.lines.splice(0);
      }
    });
    await Promise.all(lanes);
  }

  await storm(WARMED_UP);
  const before = memoryInUse();
  await storm(REQUESTS);
  const after = memoryInUse();
  const bytesEach = Math.round((after - before) / (REQUESTS - WARMED_UP));
  const seconds = ((Date.now() - started) / 1000).toFixed(1);
  printCount(
    [
      `webhook fuzz: seed ${SEED}, ${seen.length} requests in ${seconds} s`,
      `by status (0: closed without an answer) ${JSON.stringify(tally(seen))}`,
      `signed by who may ${JSON.stringify(tally(bySigners))}`,
      `genuine ${JSON.stringify(tally(genuineOnes))}`,
      `signed by somebody else ${JSON.stringify(tally(fromElsewhere))}`,
      `memory ${(before / 1e6).toFixed(1)} MB after ${WARMED_UP}, ${bytesEach} bytes more with each of the others`,
    ].join("; "),
  );
  expect(wrong.slice(0, 10)).toEqual([]);
  expect([...leaks].map((leaked) => secrets.indexOf(leaked))).toEqual([]);
  expect(unhandled).toEqual([]);
  expect(genuineOnes.filter(isGood).length).toBeGreaterThan(REQUESTS / 6);
  expect(new Set(fromElsewhere)).toEqual(new Set(["403"]));
  expect(bytesEach).toBeLessThan(MOST_BYTES_EACH);
});
