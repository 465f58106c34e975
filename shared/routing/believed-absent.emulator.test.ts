import { afterAll, beforeAll, expect, test } from "vitest";
import { tally } from "#scripts/testing/at-once.ts";
import {
  type BenchSalon,
  type MessagingBench,
  RECHECK_SECONDS,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { mortal, WorkerDied } from "#scripts/testing/mortal-worker.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { createRandom } from "#scripts/twilio-simulator/random.ts";
import { signatureOf } from "#scripts/twilio-simulator/webhooks/signature.ts";
import type { MessageId } from "#shared/core/ids.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import type { Delivery } from "./delivery.ts";

const SEED = 4711;
const MESSAGES = 60;
const TIMEOUT_MS = 150;
/** Longer than both looks at Twilio's list take. */
const LEAST_LAG_MS = 3 * RECHECK_SECONDS * 1_000;

let bench: MessagingBench;
let salon: BenchSalon;
let worker: Delivery;
beforeAll(async () => {
  bench = await startMessagingBench({ stageMs: 20, oneClock: true, callbacks: true });
  salon = await bench.salon();
  worker = bench.worker({ timeoutMs: TIMEOUT_MS });
});
afterAll(() => bench.stop());

/** Twilio takes the message, and we do not hear it. */
const LOSSES = {
  "reset after it acted": { kind: "reset", when: "after", times: 1 },
  "timeout after it acted": { kind: "timeout", when: "after", times: 1 },
  "503 after it acted": { kind: "http_error", status: 503, when: "after", times: 1 },
  "worker died before it wrote the answer": undefined,
} as const;
const IN_TIME = "while it is looked for";
/** When Twilio tells of it after all; `refused` is the second attempt. */
const ARRIVALS = [
  IN_TIME,
  "believed absent",
  "being refused",
  "refused",
  "being sent again",
  "sent again",
] as const;
/** The request for the second one is out by then, and nothing can call it back. */
const TOO_LATE: readonly string[] = ["being sent again", "sent again"];
const REFUSAL = { kind: "http_error", status: 429, times: 3 } as const;

interface Sent {
  readonly id: MessageId;
  readonly loss: string;
  readonly arrival: (typeof ARRIVALS)[number];
}

const workerWith = (messages: OutboundMessages) => bench.worker({ timeoutMs: TIMEOUT_MS, messages });
const stored = async (id: MessageId) => (await bench.messages.get(id)) ?? expect.fail("it is gone");

/** What is to be done next is done, when its time has come. */
async function step(id: MessageId, by = worker): Promise<void> {
  const { due_at: dueAt } = await stored(id);
  if (dueAt === undefined) return;
  bench.clock.pass(Math.max(0, (dueAt.getTime() - bench.clock.now().getTime()) / 1_000));
  await by.deliver(id);
}

async function stepUntil(id: MessageId, isThere: (message: OutboundMessage) => boolean): Promise<void> {
  for (let steps = 0; steps < 20; steps += 1) {
    if (isThere(await stored(id))) return;
    await step(id);
  }
  expect.fail("it never got there");
}

/** Twilio's callback of the first attempt, twice, as it may come. */
async function arrive({ to }: OutboundMessage): Promise<void> {
  const first = async () => (await bench.atTwilio(to))[0] ?? expect.fail("it is not at Twilio");
  await expect.poll(async () => (await first()).status).toBe("delivered");
  const { sid, account_sid, from, status_callback } = await first();
  const url = status_callback?.split("#")[0] ?? expect.fail("nowhere to tell of it");
  const form = {
    MessageSid: sid,
    MessageStatus: "delivered",
    AccountSid: account_sid,
    From: from ?? "",
    To: to,
  };
  const headers = { "x-twilio-signature": signatureOf(salon.authToken, url, form) };
  const tell = () => fetch(url, { method: "POST", headers, body: new URLSearchParams(form) });
  for (const { status } of await Promise.all([tell(), tell()])) expect(status).toBe(204);
}

/** A claim after which the callback comes, before the request. */
function arrivingBehind(message: OutboundMessage): OutboundMessages["claim"] {
  return async (...given) => {
    const claimed = await bench.messages.claim(...given);
    await arrive(message);
    return claimed;
  };
}

async function sendThrough(
  loss: keyof typeof LOSSES,
  arrival: Sent["arrival"],
  lagMs: number,
  looks: number,
) {
  const to = bench.customer();
  const message = await bench.accept(salon, { to });
  const { id } = message;
  await bench.fault({ kind: "list_lag", ms: lagMs, times: 1, match: { to } });
  await bench.fault({ kind: "callbacks", lose: "all", times: 1, match: { to } });
  const fault = LOSSES[loss];
  if (fault !== undefined) await bench.fault({ ...fault, match: { to, method: "POST" } });
  const death = fault === undefined ? "before report" : undefined;
  await step(id, workerWith(mortal(bench.messages, death))).catch((error: unknown) => {
    if (!(error instanceof WorkerDied)) throw error;
  });

  await stepUntil(id, ({ attempts: [first] }) =>
    arrival === IN_TIME ? first?.looks === looks : first?.state === "absent",
  );
  const isRefused = arrival === "being refused" || arrival === "refused";
  if (isRefused) await bench.fault({ ...REFUSAL, match: { to, method: "POST" } });
  if (arrival === "refused" || arrival === "sent again") await step(id);
  if (arrival === "being refused" || arrival === "being sent again")
    await step(id, workerWith({ ...bench.messages, claim: arrivingBehind(message) }));
  else await arrive(message);
  await stepUntil(id, ({ due_at }) => due_at === undefined);
  return id;
}

test(`of ${MESSAGES} messages that Twilio's list hides for long, none that arrives in time goes out again, and operators hear of each that had`, async () => {
  const random = createRandom(SEED, "believed absent");
  const losses = Object.keys(LOSSES).filter((word): word is keyof typeof LOSSES => word in LOSSES);
  const sent: Sent[] = [];
  for (let index = 0; index < MESSAGES; index += 1) {
    const loss = losses[random.below(losses.length)] ?? expect.fail("no loss");
    const arrival = ARRIVALS[random.below(ARRIVALS.length)] ?? expect.fail("no arrival");
    const lagMs = LEAST_LAG_MS + random.below(3_000_000);
    const id = await sendThrough(loss, arrival, lagMs, random.below(2));
    sent.push({ id, loss, arrival });
  }

  const twice: MessageId[] = [];
  for (const { id } of sent) {
    await expect.poll(async () => (await stored(id)).state).toBe("delivered");
    const { to, attempts } = await stored(id);
    const sids = (await bench.atTwilio(to)).map(({ sid }) => sid);
    expect(attempts.flatMap(({ sid }) => sid ?? []).toSorted(), "we know of each").toEqual(sids.toSorted());
    if (sids.length > 1) twice.push(id);
  }
  const absent = sent.filter(({ arrival }) => arrival !== IN_TIME).length;
  printCount(
    `believed absent: seed ${SEED}, ${MESSAGES} messages, ${JSON.stringify(tally(sent.map(({ loss }) => loss)))}, told of ${JSON.stringify(tally(sent.map(({ arrival }) => arrival)))}`,
  );
  const notifications = bench.database.firestore
    .collection("notifications")
    .where("salon_id", "==", salon.id);
  const told = (await notifications.get()).docs.map((document) => ({
    kind: document.get("kind"),
    id: document.get("facts.message_id"),
  }));
  printCount(
    `believed absent: ${absent} wrongly, of these ${twice.length} at Twilio twice and ${told.length} told of`,
  );
  const tooLate = sent.filter(({ arrival }) => TOO_LATE.includes(arrival)).map(({ id }) => id);
  expect(twice).toEqual(tooLate);
  expect(
    told.toSorted((one, other) => (one.id < other.id ? -1 : 1)),
    "each once, and of nothing else",
  ).toEqual(tooLate.toSorted().map((id) => ({ kind: "message_sent_twice", id })));
  expect(new Set(sent.map(({ arrival }) => arrival))).toEqual(new Set(ARRIVALS));
  expect((await bench.sentBy(salon.accountSid)).length).toBe(MESSAGES + twice.length);
}, 300_000);
