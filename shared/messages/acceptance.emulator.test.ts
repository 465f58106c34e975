import { afterAll, beforeAll, expect, test } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueSalonId } from "#scripts/testing/test-project.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import type { SendRequest } from "./acceptance.ts";

let bench: MessagingBench;
let salon: BenchSalon;
beforeAll(async () => {
  bench = await startMessagingBench();
  salon = await bench.salon({ integration: "none" });
});
afterAll(() => bench.stop());

const request = (changes: Partial<SendRequest> = {}): SendRequest => ({
  salonId: salon.id,
  idempotencyKey: uniqueSalonId(),
  channel: "sms",
  to: bench.customer(),
  body: "See you tomorrow at 10.",
  ...changes,
});
const wakeUpsOf = (id: string) => bench.publisher.published.filter(({ key }) => key === id);

test("stores a message to be sent, for a day, and wakes the worker", async () => {
  const { created, message } = await bench.acceptance.accept(request());
  const now = bench.clock.now();
  expect(created).toBe(true);
  expect(await bench.messages.get(message.id)).toEqual(message);
  expect(message).toMatchObject({
    state: "accepted",
    purpose: "message",
    critical: false,
    time_zone: "Asia/Kolkata",
    segments: 1,
    due_at: plusSeconds(now, 30),
    expires_at: plusSeconds(now, 86_400),
  });
  expect(wakeUpsOf(message.id)).toEqual([
    { topic: "outbound", key: message.id, data: { message_id: message.id } },
  ]);
});

test("wakes the worker of critical messages for a critical one", async () => {
  const { message } = await bench.acceptance.accept(request({ critical: true }));
  expect(wakeUpsOf(message.id).map(({ topic }) => topic)).toEqual(["outbound-critical"]);
});

test("accepts a message once, although it is asked for ten times at the same moment", async () => {
  const same = request();
  const answers = await atOnce(10, () => bench.acceptance.accept(same));
  const [first] = answers;
  const created = answers.filter((answer) => answer.created).length;
  printCount(`accept at once: 10 requests under one key, ${created} created`);
  expect(created).toBe(1);
  expect(new Set(answers.map(({ message }) => message.id)).size).toBe(1);
  expect(wakeUpsOf(first?.message.id ?? "")).toHaveLength(1);
});

test.each<[string, Partial<SendRequest>]>([
  ["text", { body: "See you tomorrow at 11." }],
  ["recipient", { to: E164.parse("+14155559999") }],
  ["channel", { channel: "whatsapp" }],
  ["urgency", { critical: true }],
  ["purpose", { purpose: "test" }],
])("refuses another %s under the same key, and keeps what was accepted", async (_, changes) => {
  const first = request();
  const { message } = await bench.acceptance.accept(first);
  await expect(bench.acceptance.accept({ ...first, ...changes })).rejects.toMatchObject({
    code: "conflict",
    context: { field: "Idempotency-Key", messageId: message.id },
  });
  expect(await bench.messages.get(message.id)).toEqual(message);
});

test("keeps two salons that use the same key apart", async () => {
  const other = await bench.salon({ integration: "none" });
  const first = request();
  const { message: ours } = await bench.acceptance.accept(first);
  const { created, message: theirs } = await bench.acceptance.accept({ ...first, salonId: other.id });
  expect(created).toBe(true);
  expect(theirs.id).not.toBe(ours.id);
});

test.each([
  ["a text that fits", "a".repeat(160), 1],
  ["a longer one", "a".repeat(161), 2],
  ["one with an emoji", "💇".repeat(36), 2],
])("counts the segments of %s", async (_, body, segments) => {
  expect((await bench.acceptance.accept(request({ body }))).message.segments).toBe(segments);
});

test("counts a WhatsApp message as one", async () => {
  const whatsapp = request({ channel: "whatsapp", body: "a".repeat(500) });
  expect((await bench.acceptance.accept(whatsapp)).message.segments).toBe(1);
});

test("leaves the wake-up to due work when Pub/Sub is away: the message is safe", async () => {
  bench.publisher.failOnce();
  const { created, message } = await bench.acceptance.accept(request());
  expect(created).toBe(true);
  expect(await bench.messages.get(message.id)).toMatchObject({ due_at: message.due_at });
  expect(wakeUpsOf(message.id)).toEqual([]);
});

test("wakes nobody for who delivers the message itself", async () => {
  const { message } = await bench.acceptance.accept(request(), { wake: false });
  expect(wakeUpsOf(message.id)).toEqual([]);
});

test.each([
  ["that nobody knows", async () => SalonId.parse(uniqueSalonId())],
  ["that has closed", async () => (await bench.salon({ document: { status: "closed" } })).id],
])("refuses a salon %s, with the same words", async (_, salonIdOf) => {
  const refused = bench.acceptance.accept(request({ salonId: await salonIdOf() }));
  await expect(refused).rejects.toMatchObject({
    code: "not-found",
    message: "There is no open salon with this salon_id.",
  });
});
