import { afterAll, beforeAll, expect, test } from "vitest";
import { createHandler } from "#functions/wake-due-work/handler.ts";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { sleepTogether } from "#scripts/testing/sleep-together.ts";
import { AppError } from "#shared/core/errors.ts";
import { MessageId } from "#shared/core/ids.ts";
import { createLogger } from "#shared/core/logger.ts";
import { E164 } from "#shared/core/phone.ts";
import { DUE_COLLECTIONS, dueDocuments } from "#shared/runtime/due-work.ts";
import type { OutboundMessage } from "./message.ts";

const MESSAGES = 5_000;
/** A long code sends one segment a second; a campaign may take 70 % of that, so 42 in a minute. */
const SEGMENTS_A_MINUTE = 42;
const MINUTES = 5;
const AT_ONCE = 8;

let bench: MessagingBench;
let salon: BenchSalon;
let neighbour: BenchSalon;
let campaign: OutboundMessage[];
beforeAll(async () => {
  bench = await startMessagingBench({ oneClock: true });
  [salon, neighbour] = [await bench.salon(), await bench.salon()];
}, 120_000);
afterAll(() => bench.stop());

const SHORT = "See you soon.";
/** Two segments. */
const LONG = "Come and see us. ".repeat(11);

/** Accepts as `send-message` does: five hundred in a call, each call with its own places. */
async function acceptCampaign(): Promise<OutboundMessage[]> {
  const requests = Array.from({ length: MESSAGES }, (_, index) => ({
    salonId: salon.id,
    idempotencyKey: `campaign-${index}`,
    channel: "sms" as const,
    to: E164.parse(`+1415556${String(index).padStart(4, "0")}`),
    body: index % 10 === 0 ? LONG : SHORT,
  }));
  const accepted: OutboundMessage[] = [];
  for (let from = 0; from < MESSAGES; from += 500) {
    const some = requests.slice(from, from + 500);
    const answers = await bench.bulkAcceptance.accept(salon.id, some);
    accepted.push(
      ...answers.map((answer) => (answer instanceof AppError ? expect.fail(answer.message) : answer.message)),
    );
  }
  return accepted;
}

/** One minute of the scheduler, by the bench's clock: everything that was woken in it, in its order. */
async function tick(): Promise<{ topic: string; id: MessageId; at: number }[]> {
  const woken: { topic: string; id: MessageId; at: number }[] = [];
  const wakeDueWork = createHandler({
    due: (collection, now, after) => dueDocuments(bench.database, collection, now, { limit: 1_000, after }),
    publisher: {
      async publish(topic, key, data) {
        woken.push({ topic, id: MessageId.parse(data.message_id), at: bench.clock.now().getTime() });
        await bench.publisher.publish(topic, key, data);
      },
    },
    clock: bench.clock,
    sleep: sleepTogether(bench.clock, DUE_COLLECTIONS.length),
    logger: createLogger({ write: () => undefined }),
  });
  await wakeDueWork({ kind: "message", data: {} });
  return woken;
}

async function deliverAll(ids: readonly MessageId[]): Promise<void> {
  const left = [...ids];
  const worker = bench.worker();
  const turns = Array.from({ length: AT_ONCE }, async () => {
    for (let id = left.shift(); id !== undefined; id = left.shift()) await worker.deliver(id);
  });
  await Promise.all(turns);
}

const segmentsOf = (ids: readonly MessageId[]) =>
  campaign.filter(({ id }) => ids.includes(id)).reduce((sum, { segments }) => sum + segments, 0);

/** How many of a salon's messages wait for their places. */
async function heldOf({ id }: BenchSalon): Promise<number> {
  const messages = bench.database.firestore.collection("messages");
  const held = await messages.where("salon_id", "==", id).where("state", "==", "held").count().get();
  return held.data().count;
}

/** The segments of the busiest minute, wherever it begins. */
function busiestMinute(messages: readonly OutboundMessage[]): number {
  const byTime = messages
    .map(({ due_at, segments }) => ({ at: due_at?.getTime() ?? 0, segments }))
    .toSorted((one, other) => one.at - other.at);
  let most = 0;
  let first = 0;
  let within = 0;
  for (const { at, segments } of byTime) {
    within += segments;
    for (
      let oldest = byTime[first];
      oldest !== undefined && oldest.at <= at - 60_000;
      oldest = byTime[first]
    ) {
      within -= oldest.segments;
      first += 1;
    }
    most = Math.max(most, within);
  }
  return most;
}

test(`${MESSAGES} messages of one salon keep to its sender's rate, and what is critical does not wait for them`, async () => {
  const began = Date.now();
  campaign = await acceptCampaign();
  const seconds = ((Date.now() - began) / 1_000).toFixed(1);
  expect(new Set(campaign.map(({ id }) => id)).size).toBe(MESSAGES);
  const segments = campaign.reduce((sum, message) => sum + message.segments, 0);
  const last = campaign.at(-1)?.due_at?.getTime() ?? 0;
  const hours = ((last - bench.clock.now().getTime()) / 3_600_000).toFixed(2);
  const busiest = busiestMinute(campaign);
  printCount(
    `campaign: ${MESSAGES} messages of ${segments} segments accepted in ${seconds} s, spread over ${hours} h, ${busiest} segments in the busiest minute`,
  );
  expect(busiest).toBeLessThanOrEqual(SEGMENTS_A_MINUTE + 1);

  const wokenIds: MessageId[] = [];
  const perMinute: number[] = [];
  const perSecond = new Map<number, number>();
  const placeOf = new Map(campaign.map(({ id, due_at }) => [id, due_at?.getTime()]));
  let latest = 0;
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const woken = await tick();
    const ids = woken.map(({ id }) => id);
    perMinute.push(segmentsOf(ids));
    wokenIds.push(...ids);
    for (const { id, at } of woken) {
      perSecond.set(at, (perSecond.get(at) ?? 0) + 1);
      latest = Math.max(latest, at - (placeOf.get(id) ?? 0));
    }
    await deliverAll(ids);
  }
  printCount(`campaign: segments woken in each of ${MINUTES} minutes ${perMinute.join(", ")}`);
  expect(Math.max(...perMinute)).toBeLessThanOrEqual(SEGMENTS_A_MINUTE + 1);
  printCount(`campaign: at most ${Math.max(...perSecond.values())} woken in a second, ${latest} ms late`);
  expect(Math.max(...perSecond.values()), "one by one, each in its second").toBe(1);
  expect(latest).toBeLessThan(1_000);
  expect(new Set(wokenIds).size, "each is woken once").toBe(wokenIds.length);
  const order = new Map(campaign.map(({ id }, index) => [id, index]));
  const places = wokenIds.map((id) => order.get(id) ?? -1);
  expect(places, "in their order").toEqual(places.map((_, index) => index));
  expect(await bench.sentBy(salon.accountSid)).toHaveLength(wokenIds.length);

  // A minute's worth is woken and not yet sent, and thousands wait for their places: of another salon, and of its own.
  const begun = bench.publisher.published.length;
  const queued = (await tick()).map(({ id }) => id);
  const critical: OutboundMessage[] = [];
  for (const sender of [neighbour, salon])
    critical.push(await bench.accept(sender, { to: bench.customer(), critical: true }));
  const wokenCritical = bench.publisher.published
    .slice(begun)
    .filter(({ topic }) => topic === "outbound-critical")
    .map(({ data }) => MessageId.parse(data.message_id));
  expect(wokenCritical, "in a queue of their own").toEqual(critical.map(({ id }) => id));

  const asked = Date.now();
  await deliverAll(wokenCritical);
  const milliseconds = Date.now() - asked;
  const waiting = await heldOf(salon);
  printCount(
    `campaign: ${critical.length} critical messages were with Twilio in ${milliseconds} ms, behind ${wokenIds.length} of the campaign and before ${waiting}`,
  );
  expect(waiting, "of the campaign").toBe(MESSAGES - wokenIds.length);
  expect(waiting, "thousands").toBeGreaterThan(0.9 * MESSAGES);
  expect(await bench.sentBy(salon.accountSid), "its own critical one and no more").toHaveLength(
    wokenIds.length + 1,
  );
  for (const { id, to, accepted_at } of critical) {
    expect(await bench.atTwilio(to)).toHaveLength(1);
    // The bench's clock has not moved, so a place behind anything else would be later.
    const attempts = [{ started_at: accepted_at }];
    expect(await bench.messages.get(id)).toMatchObject({ state: "queued", attempts });
  }
  await deliverAll(queued);

  // And if its wake-up is lost, it is woken when it is due, beside the campaign and by the topic of its own.
  bench.publisher.failOnce();
  const lost = await bench.accept(salon, { to: bench.customer(), critical: true });
  const woken = await tick();
  expect(woken.filter(({ topic }) => topic === "outbound-critical")).toEqual([
    { topic: "outbound-critical", id: lost.id, at: lost.due_at?.getTime() },
  ]);
  expect(woken.length).toBeLessThanOrEqual(SEGMENTS_A_MINUTE + 2);
}, 600_000);
