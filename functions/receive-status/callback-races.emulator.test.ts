import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { newAttempt, outboundMessage } from "#scripts/testing/outbound-message.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { type BenchSalon, startWebhookBench, type WebhookBench } from "#scripts/testing/webhook-bench.ts";
import { createRandom, type Random } from "#scripts/twilio-simulator/random.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { accountFingerprint, type MessageId } from "#shared/core/ids.ts";
import { createOutboundMessages, type OutboundMessages } from "#shared/messages/outbound-store.ts";
import type { TwilioState } from "#shared/messages/state.ts";
import type { Handler } from "#shared/runtime/http-boundary.ts";
import { createHandler } from "./handler.ts";

const SEED = 20_261_122;
const RACES = 1_000;
const AT_ONCE = 16;
/** Twilio tries a callback four times in all (`#rc=3`). */
const TRIES = 4;
/** Of so many callbacks two fail on our side at first: one before it is recorded, and one after. */
const ONE_OF = 20;
type Fault = "none" | "before" | "after";
const FAULTS: readonly Fault[] = ["before", "after"];
const FAULT_HEADER = "x-test-fault";
const PUBSUB_FAILURES = 50;

/** Twilio's own order of a message's states; between those of one rank the first one told stands. */
const RANK: Readonly<Record<string, number>> = {
  queued: 1,
  sending: 2,
  sent: 3,
  delivered: 4,
  undelivered: 4,
  failed: 4,
  read: 5,
};

/** What Twilio tells of one message; the last four are of no message there can be, and must not confuse us either. */
const STORIES: readonly (readonly TwilioState[])[] = [
  ["queued", "sent", "delivered"],
  ["queued", "sending", "sent", "delivered", "read"],
  ["sent", "delivered", "read"],
  ["queued", "sent", "undelivered"],
  ["queued", "sent", "failed"],
  ["queued", "failed"],
  ["failed"],
  ["queued", "sent"],
  ["read"],
  ["queued", "sent", "delivered", "undelivered"],
  ["queued", "sent", "failed", "delivered"],
  ["queued", "undelivered", "failed", "sent"],
  ["queued", "sent", "delivered", "undelivered", "failed", "read"],
];
const ERROR_CODES: Readonly<Record<string, string>> = { undelivered: "30006", failed: "30005" };

interface Told {
  readonly state: TwilioState;
  /** When our first answer to it is a 503. */
  readonly fault: Fault;
}
interface Race {
  readonly index: number;
  readonly story: readonly TwilioState[];
  /** In the order in which they are sent; those of one wave at the same moment. */
  readonly waves: readonly (readonly Told[])[];
  /** Before which wave the worker stores the SID that Twilio answered it with; null when it died first. */
  readonly workerAt: number | null;
}

let bench: WebhookBench;
let salon: BenchSalon;
let messages: OutboundMessages;
let repeated = 0;
/** What Twilio gave up on. */
const lost: string[] = [];

beforeAll(async () => {
  bench = await startWebhookBench();
  messages = createOutboundMessages(bench.database, bench.clock);
  const handler = createHandler({
    ...bench,
    messages,
    calls: createCalls(bench.database, bench.clock),
  });
  await bench.serve("receive-status", withFaults(handler));
  salon = await bench.addSalon("+14155550101");
});
afterAll(() => bench.stop());

/** Answers 503 where the request asks for it: nothing was recorded yet, or all of it was. */
function withFaults(handler: Handler): Handler {
  const unavailable = () => new AppError("unavailable", "The test wants it to fail.");
  return async (request) => {
    const fault = request.header(FAULT_HEADER);
    if (fault === "before") throw unavailable();
    const reply = await handler(request);
    if (fault === "after") throw unavailable();
    return reply;
  };
}

const COPIES = [1, 1, 1, 1, 1, 1, 2, 3];

/** All orders of all stories of three to five states, one callback at a time. */
const LINES = STORIES.filter(({ length }) => length >= 3 && length <= 5).flatMap((story) =>
  permutations(story).map((told) => ({ story, told })),
);

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item, at) => permutations(items.toSpliced(at, 1)).map((rest) => [item, ...rest]));
}

/** After the lines any order: one by one, all at the same moment, and in waves; each state once, twice or three times. */
function raceOf(index: number, random: Random): Race {
  const line = LINES[index];
  const story = line?.story ?? STORIES[index % STORIES.length] ?? [];
  const states = line?.told ?? random.shuffled(story.flatMap((state) => copies(state, random)));
  const told = states.map((state) => ({ state, fault: FAULTS[random.below(ONE_OF)] ?? "none" }));
  const widths = line === undefined ? [1, told.length, 1 + random.below(told.length)] : [1];
  const width = widths[random.below(widths.length)] ?? 1;
  const waves = Array.from({ length: Math.ceil(told.length / width) }, (_, wave) =>
    told.slice(wave * width, (wave + 1) * width),
  );
  const workerAt = random.below(10) === 0 ? null : random.below(waves.length + 1);
  return { index, story, waves, workerAt };
}

function copies(state: TwilioState, random: Random): TwilioState[] {
  return Array<TwilioState>(COPIES[random.below(COPIES.length)] ?? 1).fill(state);
}

const sidOf = ({ index }: Race) => `SM${String(index + 1).padStart(32, "0")}`;

/** The message stands claimed: Twilio has been asked for it, and its answer is not stored yet. */
async function claimed({ index }: Race): Promise<MessageId> {
  const accepted_at = bench.clock.now();
  const message = outboundMessage({
    salon_id: salon.salonId,
    idempotency_key: `race-${index}`,
    accepted_at,
    due_at: accepted_at,
    expires_at: plusSeconds(accepted_at, 86_400),
  });
  await messages.create(message);
  const account = accountFingerprint(salon.accountSid);
  await messages.claim(message.id, newAttempt({ account, sender: salon.number }), 600);
  return message.id;
}

/** Tells it as Twilio does, again and again until it is answered well. */
async function tell(id: MessageId, sid: string, { state, fault }: Told): Promise<void> {
  const code = ERROR_CODES[state];
  const form = {
    AccountSid: salon.accountSid,
    MessageSid: sid,
    MessageStatus: state,
    From: salon.number,
    To: "+14155550142",
    ...(code === undefined ? {} : { ErrorCode: code }),
  };
  for (let tried = 1; tried <= TRIES; tried += 1) {
    const path = `/webhooks/twilio/status/${salon.salonId}/${id}/1`;
    const headers = { [FAULT_HEADER]: tried === 1 ? fault : "none" };
    const { status: answer } = await bench.post(path, { token: salon.authToken, form, headers });
    if (answer === 204) return;
    expect(answer).toBeGreaterThanOrEqual(500);
    repeated += 1;
  }
  lost.push(`${sid} ${state}`);
}

async function run(race: Race): Promise<MessageId> {
  const id = await claimed(race);
  const sid = sidOf(race);
  const worker = () => messages.report(id, 1, { sid, state: "queued", segments: 1 });
  for (const [wave, told] of race.waves.entries()) {
    const all = told.map((each) => tell(id, sid, each));
    await Promise.all(race.workerAt === wave ? [worker(), ...all] : all);
  }
  if (race.workerAt === race.waves.length) await worker();
  return id;
}

const statesOf = (wave: readonly Told[]) => wave.map(({ state }) => state);

/** Where the message may have ended: what ranks highest, and where the order is known, the first of those. */
function endsOf({ story, waves, workerAt }: Race): TwilioState[] {
  const told: readonly TwilioState[] = workerAt === null ? story : [...story, "queued"];
  const rankOf = (state: TwilioState) => RANK[state] ?? 0;
  const highest = Math.max(...told.map(rankOf));
  const first = waves.map(statesOf).find((states) => states.some((state) => rankOf(state) === highest));
  return (first ?? told).filter((state) => rankOf(state) === highest);
}

test("a thousand races of callbacks end where Twilio's order says, none is lost, and each is charged once", async () => {
  const random = createRandom(SEED, "callback-races");
  const races = Array.from({ length: RACES }, (_, index) => raceOf(index, random));
  const failing = new Set(Array.from({ length: PUBSUB_FAILURES }, () => random.below(RACES)));
  const ids = new Map<Race, MessageId>();
  const waiting = [...races];
  const began = Date.now();
  const lanes = Array.from({ length: AT_ONCE }, async () => {
    for (let race = waiting.shift(); race !== undefined; race = waiting.shift()) {
      if (failing.has(race.index)) bench.announcing.failOnce();
      ids.set(race, await run(race));
    }
  });
  await Promise.all(lanes);
  const seconds = Math.round((Date.now() - began) / 1000);

  const announced = () =>
    new Set(bench.messageEvents.events().map(({ message_id, state }) => `${message_id}:${state}`));
  const wrong: string[] = [];
  const ended = new Map<string, number>();
  const finals: string[] = [];
  const ledger = await bench.database.firestore.collection(`salons/${salon.salonId}/usage_ledger`).get();
  const rows = Map.groupBy(
    ledger.docs.map((document) => document.data()),
    ({ twilio_sid }) => String(twilio_sid),
  );
  for (const race of races) {
    const id = ids.get(race) ?? expect.fail("a race was not run");
    const message = (await messages.get(id)) ?? expect.fail("a message is gone");
    const { state, attempts, due_at } = message;
    const isRight = endsOf(race).some((end) => end === state) && attempts[0]?.state === state;
    const isSettled = attempts.length === 1 && attempts[0]?.sid === sidOf(race) && due_at === undefined;
    const charges = chargesOf(race, state);
    const events = (rows.get(sidOf(race)) ?? []).map((row) => Number(row.events)).sort();
    const isCharged = charges.some((expected) => String(expected) === String(events));
    if (!isRight || !isSettled || !isCharged) {
      wrong.push(
        `race ${race.index}: ${JSON.stringify(race.waves.map(statesOf))} ended ${state}, charged ${events}`,
      );
    }
    ended.set(state, (ended.get(state) ?? 0) + 1);
    finals.push(`${id}:${state}`);
  }
  const untold = () => finals.filter((final) => !announced().has(final)).length;
  await vi.waitUntil(() => untold() === 0, { timeout: 15_000 }).catch(() => undefined);

  const callbacks = races.flatMap(({ waves }) => waves.flat());
  const faults = callbacks.filter(({ fault }) => fault !== "none").length;
  const early = races.filter(({ workerAt }) => workerAt !== 0).length;
  printCount(
    `callback races, seed ${SEED}: ${RACES} messages, ${LINES.length} of them all orders there are, ` +
      `${callbacks.length} callbacks in ${seconds} s, ` +
      `${early} before the SID was stored, ${repeated} answered 5xx (${faults} on purpose) and repeated; ` +
      `ended ${JSON.stringify(Object.fromEntries(ended))}; wrong ${wrong.length}, lost ${lost.length}, ` +
      `not announced ${untold()}, ${ledger.size} ledger rows`,
  );
  expect(wrong).toEqual([]);
  expect([lost, untold()]).toEqual([[], 0]);
  expect(repeated).toBeGreaterThanOrEqual(faults);
}, 600_000);

/** The `events` of its rows, in order: charged, and taken back when it failed. Nobody fails and is read; both may be. */
function chargesOf({ story }: Race, state: string): (readonly number[])[] {
  const [charged, takenBack] = [[1], [-1, 1]];
  if (state === "failed") return [takenBack];
  return state === "read" && story.includes("failed") ? [charged, takenBack] : [charged];
}
