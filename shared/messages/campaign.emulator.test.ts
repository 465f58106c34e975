import { afterAll, beforeAll, expect, test } from "vitest";
import { createHandler } from "#functions/wake-due-work/handler.ts";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { AppError } from "#shared/core/errors.ts";
import { MessageId } from "#shared/core/ids.ts";
import { createLogger } from "#shared/core/logger.ts";
import { E164 } from "#shared/core/phone.ts";
import { dueDocuments } from "#shared/runtime/due-work.ts";
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

/** One minute of the scheduler: everything that was woken then, in its order. */
async function tick(): Promise<{ topic: string; id: MessageId }[]> {
  const before = bench.publisher.published.length;
  const wakeDueWork = createHandler({
    due: (collection, after) =>
      dueDocuments(bench.database, collection, bench.clock.now(), { limit: 1_000, after }),
    publisher: bench.publisher,
    clock: bench.clock,
    logger: createLogger({ write: () => undefined }),
  });
  await wakeDueWork();
  return bench.publisher.published.slice(before).map(({ topic, data }) => ({
    topic,
    id: MessageId.parse(data.message_id),
  }));
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
  for (let minute = 0; minute < MINUTES; minute += 1) {
    const woken = (await tick()).map(({ id }) => id);
    perMinute.push(segmentsOf(woken));
    wokenIds.push(...woken);
    await deliverAll(woken);
    bench.clock.pass(60);
  }
  printCount(`campaign: segments woken in each of ${MINUTES} minutes ${perMinute.join(", ")}`);
  expect(Math.max(...perMinute)).toBeLessThanOrEqual(SEGMENTS_A_MINUTE + 1);
  expect(new Set(wokenIds).size, "each is woken once").toBe(wokenIds.length);
  const order = new Map(campaign.map(({ id }, index) => [id, index]));
  const places = wokenIds.map((id) => order.get(id) ?? -1);
  expect(places, "in their order").toEqual(places.map((_, index) => index));
  expect(await bench.sentBy(salon.accountSid)).toHaveLength(wokenIds.length);

  // Behind thousands that wait, of the same salon and of another one.
  for (const sender of [neighbour, salon]) {
    const from = bench.publisher.published.length;
    const accepted = Date.now();
    const { id, to } = await bench.accept(sender, { to: bench.customer(), critical: true });
    expect(bench.publisher.published.slice(from)).toMatchObject([
      { topic: "outbound-critical", data: { message_id: id } },
    ]);
    const delivered = await bench.worker().deliver(id);
    printCount(`campaign: a critical message was with Twilio ${Date.now() - accepted} ms after its request`);
    expect(delivered).toMatchObject({ state: "queued" });
    expect(await bench.atTwilio(to)).toHaveLength(1);
  }

  // And if its wake-up is lost, the next tick brings it, beside the campaign and by the topic of its own.
  bench.publisher.failOnce();
  const lost = await bench.accept(salon, { to: bench.customer(), critical: true });
  bench.clock.pass(60);
  const woken = await tick();
  expect(woken.filter(({ topic }) => topic === "outbound-critical").map(({ id }) => id)).toEqual([lost.id]);
  expect(woken.length).toBeLessThanOrEqual(2 * SEGMENTS_A_MINUTE + 1);
}, 600_000);
