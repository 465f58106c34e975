import { afterAll, beforeAll, expect, test } from "vitest";
import { tally } from "#scripts/testing/at-once.ts";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { DEATHS, type Death, mortal, WorkerDied } from "#scripts/testing/mortal-worker.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { createRandom, type Random } from "#scripts/twilio-simulator/random.ts";
import { MessageId } from "#shared/core/ids.ts";
import type { E164 } from "#shared/core/phone.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import type { Delivery } from "#shared/routing/delivery.ts";
import { dueDocuments } from "#shared/runtime/due-work.ts";

const SEED = 4711;
const MESSAGES = 1_000;
/** So often a message has the same text for the same person as the one before it. */
const EACH_TWIN = 10;
const AT_ONCE = 16;
const TIMEOUT_MS = 400;

let bench: MessagingBench;
let salon: BenchSalon;
/** Those of `deliver-message` that live on; one that dies is a further one. */
let instances: Delivery[];
beforeAll(async () => {
  bench = await startMessagingBench({ stageMs: 20, oneClock: true, callbacks: true });
  salon = await bench.salon();
  instances = Array.from({ length: 4 }, () => bench.worker({ timeoutMs: TIMEOUT_MS }));
});
afterAll(() => bench.stop());

/** What a request to send may meet. */
const TROUBLES = {
  "429": { kind: "http_error", status: 429, times: 3 },
  "500 before it acted": { kind: "http_error", status: 500, times: 1 },
  "500 after it acted": { kind: "http_error", status: 500, when: "after", times: 1 },
  "a gateway's 502 after it acted": { kind: "http_error", status: 502, as: "html", when: "after", times: 1 },
  "reset before it acted": { kind: "reset", times: 1 },
  "reset after it acted": { kind: "reset", when: "after", times: 1 },
  "timeout before it acted": { kind: "timeout", times: 1 },
  "timeout after it acted": { kind: "timeout", when: "after", times: 1 },
  "slow answer": { kind: "latency", ms: 50, jitter_ms: 100, times: 1 },
} as const;
/** What may become of the callbacks of a message. */
const CALLBACKS = {
  "callbacks lost": { lose: "all" },
  "last callback lost": { lose: ["delivered"] },
  "callbacks late and reversed": { order: "reversed", delay_ms: 200 },
  "callbacks twice": { duplicate: 1 },
} as const;
/** As long as it takes for the second look, at most. */
const MOST_LAG_MS = 200_000;

const met: string[] = [];

/** Orders the trouble that is in store for a message, which depends on nothing but the seed and its number. */
async function orderTrouble(random: Random, to: E164): Promise<void> {
  const one = <Word extends string>(words: readonly Word[]) => words[random.below(words.length)];
  const draw = [random.next(), random.next(), random.next()];
  for (let left = random.below(4); left > 0 && (draw[0] ?? 0) < 0.6; left -= 1) {
    const trouble = one(words(TROUBLES));
    if (trouble === undefined) continue;
    met.push(trouble);
    await bench.fault({ ...TROUBLES[trouble], match: { to, method: "POST" } });
  }
  if ((draw[1] ?? 0) < 0.1) {
    met.push("list lags");
    await bench.fault({ kind: "list_lag", ms: random.below(MOST_LAG_MS), match: { to } });
  }
  const callbacks = one(words(CALLBACKS));
  if (callbacks !== undefined && (draw[2] ?? 0) < 0.3) {
    met.push(callbacks);
    await bench.fault({ kind: "callbacks", ...CALLBACKS[callbacks], match: { to } });
  }
}

function words<Word extends string>(record: Readonly<Record<Word, unknown>>): Word[] {
  const isWord = (key: string): key is Word => key in record;
  return Object.keys(record).filter(isWord);
}

/** One wake-up of `deliver-message`: it may come several times, at once or again, and its worker may die. */
async function wake(id: MessageId, random: Random): Promise<void> {
  const copies = random.next() < 0.15 ? 2 : 1;
  const again = random.next() < 0.1 ? 3 : 0;
  if (copies > 1) met.push("two workers at once");
  if (again > 0) met.push("redelivered three times");
  const deaths = Array.from({ length: copies }, () =>
    random.next() < 0.2 ? DEATHS[random.below(DEATHS.length)] : undefined,
  );
  await Promise.all(deaths.map((death) => work(id, death, random)));
  for (let left = again; left > 0; left -= 1) await work(id, undefined, random);
}

async function work(id: MessageId, death: Death | undefined, random: Random): Promise<void> {
  const messages = mortal(bench.messages, death);
  const dying = death === undefined ? undefined : bench.worker({ timeoutMs: TIMEOUT_MS, messages });
  const worker = dying ?? instances[random.below(instances.length)] ?? expect.fail("no instance");
  try {
    await worker.deliver(id);
  } catch (error) {
    if (!(error instanceof WorkerDied)) throw error;
    met.push(`died ${death}`);
  }
}

async function inTurns<Item>(items: readonly Item[], act: (item: Item) => Promise<unknown>): Promise<void> {
  const left = [...items];
  const workers = Array.from({ length: AT_ONCE }, async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) await act(item);
  });
  await Promise.all(workers);
}

/** All work that is due, as `wake-due-work` finds it; moves the clock to the next when none is. */
async function nextDue(): Promise<MessageId[]> {
  const collection = bench.database.firestore.collection("messages");
  const [next] = (await collection.orderBy("due_at").limit(1).get()).docs;
  if (next === undefined) return [];
  const wait = (next.get("due_at").toDate().getTime() - bench.clock.now().getTime()) / 1_000;
  // A scheduler's tick: what is due a little later is done in the same round.
  bench.clock.pass(Math.max(0, wait) + 10);
  const due = await dueDocuments(bench.database, "messages", bench.clock.now(), { limit: 2_000 });
  return due.map(({ id }) => MessageId.parse(id));
}

async function everyMessage(): Promise<OutboundMessage[]> {
  const { docs } = await bench.database.firestore.collection("messages").select().get();
  const messages = await Promise.all(docs.map(({ id }) => bench.messages.get(MessageId.parse(id))));
  return messages.filter((message) => message !== undefined);
}

/** Those of which the other services have not heard that they were accepted, claimed and delivered. */
function untold(messages: readonly OutboundMessage[]): OutboundMessage[] {
  const told = new Map<unknown, Set<unknown>>();
  for (const { data } of bench.announcing.published)
    told.set(data.message_id, (told.get(data.message_id) ?? new Set()).add(data.state));
  const states = ["accepted", "claimed", "delivered"];
  return messages.filter(({ id }) => !states.every((state) => told.get(id)?.has(state)));
}

/** Of each message, the twins beside each other. */
function recipients(): E164[] {
  const all: E164[] = [];
  for (let index = 0; index < MESSAGES; index += 1) {
    const isTwin = index % EACH_TWIN === EACH_TWIN - 1;
    all.push((isTwin ? all.at(-1) : undefined) ?? bench.customer());
  }
  return all;
}

test(`of ${MESSAGES} messages in any trouble none is lost, none is sent twice, and we know where each is`, async () => {
  const began = Date.now();
  const randoms = new Map<string, Random>();
  await inTurns([...recipients().entries()], async ([index, to]) => {
    const random = createRandom(SEED, `message ${index}`);
    await orderTrouble(random, to);
    const body = "See you tomorrow at 10.";
    const request = { salonId: salon.id, idempotencyKey: `key-${index}`, channel: "sms", to, body } as const;
    const { message } = await bench.acceptance.accept(request, { wake: false });
    randoms.set(message.id, random);
  });
  const accepted = Date.now();
  await bench.fault({
    kind: "http_error",
    status: 503,
    match: { method: "GET", path: "/Messages" },
    probability: 0.05,
  });

  let wakeUps = 0;
  let rounds = 0;
  for (let due = await nextDue(); due.length > 0 && rounds < 200; due = await nextDue()) {
    rounds += 1;
    wakeUps += due.length;
    await inTurns(due, (id) => wake(id, randoms.get(id) ?? expect.fail("a message of nobody's")));
  }
  const settled = Date.now();
  await bench.calm();
  await expect
    .poll(async () => tally((await bench.sentBy(salon.accountSid)).map(({ status }) => status)), {
      timeout: 20_000,
      interval: 200,
    })
    .toEqual({ delivered: MESSAGES });

  // What callbacks did not bring, the list does.
  const synchronize = bench.synchronization();
  let mended = 0;
  for (let run = 0; run < 3; run += 1) {
    bench.clock.pass(300);
    const { counts } = await synchronize();
    mended += counts.moved;
  }
  await inTurns(await nextDue(), (id) => work(id, undefined, createRandom(SEED, id)));
  const ended = Date.now();

  const atTwilio = await bench.sentBy(salon.accountSid);
  const messages = await everyMessage();
  const recipientOf = new Map(atTwilio.map(({ to, sid }) => [sid, to]));
  const sidOf = ({ attempts }: OutboundMessage) => attempts.at(-1)?.sid ?? "";
  const seconds = (from: number, to: number) => `${((to - from) / 1_000).toFixed(1)} s`;
  const states = tally(messages.map(({ state }) => state));
  printCount(
    `turmoil: seed ${SEED}, ${messages.length} accepted, ${atTwilio.length} at Twilio, to ${new Set(recipientOf.values()).size} recipients, ${wakeUps} wake-ups in ${rounds} rounds, ${mended} mended, ${JSON.stringify(states)}`,
  );
  printCount(`turmoil: met ${met.length} troubles ${JSON.stringify(tally(met))}`);
  printCount(
    `turmoil: accepted in ${seconds(began, accepted)}, settled in ${seconds(accepted, settled)}, mended in ${seconds(settled, ended)}`,
  );
  expect(atTwilio, "none twice").toHaveLength(MESSAGES);
  expect(new Set(messages.map(sidOf)).size, "none lost, also of two that are alike").toBe(MESSAGES);
  expect(states).toEqual({ delivered: MESSAGES });
  const misnamed = messages.filter((message) => recipientOf.get(sidOf(message)) !== message.to);
  expect(misnamed.map(({ id }) => id)).toEqual([]);
  expect(messages.filter(({ due_at }) => due_at !== undefined).map(({ id }) => id)).toEqual([]);
  await expect.poll(() => untold(messages).length, { timeout: 20_000, interval: 500 }).toBe(0);
  const ledger = await bench.database.firestore.collection(`salons/${salon.id}/usage_ledger`).get();
  const charges = ledger.docs.filter(({ id }) => id.endsWith("_sms_outbound"));
  expect(charges.length, "charged once each").toBe(MESSAGES);
  const told = await bench.database.firestore.collection("notifications").count().get();
  expect(told.data().count, "nobody is told of what came right").toBe(0);
}, 600_000);
