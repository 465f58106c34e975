import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { localCallerToken } from "#scripts/local-stack/caller-token.ts";
import { tally } from "#scripts/testing/at-once.ts";
import type { BenchSalon } from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { type SendMessageBench, startSendMessageBench } from "#scripts/testing/send-message-bench.ts";
import { uniqueSalonId } from "#scripts/testing/test-project.ts";
import { messageIdOf } from "#shared/core/ids.ts";

const CRITICAL = { critical: true };
const STRANGER = "stranger@salon-flow.iam.gserviceaccount.com";

let bench: SendMessageBench;
let salon: BenchSalon;
beforeAll(async () => {
  bench = await startSendMessageBench();
});
afterAll(() => bench.stop());
beforeEach(async () => {
  salon = await bench.salon();
});

const bulk = (messages: unknown, more: object = {}, authorization?: string) =>
  bench.ask({
    path: "/v1/messages:bulk",
    body: {
      salon_id: salon.id,
      defaults: { channel: "sms", body: "Ten percent off today." },
      messages,
      ...more,
    },
    ...(authorization === undefined ? {} : { authorization }),
  });
const message = (changes: object = {}) => ({
  idempotency_key: uniqueSalonId(),
  to: bench.customer(),
  ...changes,
});
const stored = (key: string) => bench.messages.get(messageIdOf(salon.id, key));

test("a thousand messages take one request, each its own slot, and wake nobody at once", async () => {
  const messages = Array.from({ length: 1_000 }, () => message());
  const published = bench.publisher.published.length;
  const { status, body } = await bulk(messages);
  expect(status).toBe(200);
  const states = tally(body.results.map((result: { state: string }) => result.state));
  printCount(`bulk: ${messages.length} messages in one request, ${JSON.stringify(states)}`);
  expect(states).toEqual({ held: 1_000 });
  expect(body.results.map((result: { message_id: string }) => result.message_id)).toEqual(
    messages.map(({ idempotency_key }) => messageIdOf(salon.id, idempotency_key)),
  );
  const due = await bench.database.firestore
    .collection("messages")
    .where("salon_id", "==", salon.id)
    .where("hold_reason", "==", "paced")
    .get();
  expect(new Set(due.docs.map((document) => document.get("due_at").toMillis())).size).toBe(1_000);
  expect(bench.publisher.published.length).toBe(published);
});

test("what is wrong with one stops no other, and is told in its place", async () => {
  const [first, last] = [message(), message()];
  const used = message();
  await bulk([used]);
  const { status, body } = await bulk([
    first,
    message({ to: "12345" }),
    message({ body: "a".repeat(1_601) }),
    message({ body: " " }),
    message({ from: "+14155550100" }),
    message({ body: null }),
    message({ idempotency_key: "outbox:1" }),
    message({ expires_at: "2020-01-01T00:00:00Z" }),
    { ...used, body: "Something else." },
    used,
    last,
  ]);
  expect(status).toBe(200);
  expect(
    body.results.map((result: { message_id?: string; error?: { code: string; field?: string } }) =>
      result.error === undefined ? result.message_id : `${result.error.code} ${result.error.field}`,
    ),
  ).toEqual([
    messageIdOf(salon.id, first.idempotency_key),
    "invalid-argument to",
    "invalid-argument body",
    "invalid-argument body",
    "invalid-argument from",
    "invalid-argument body",
    "invalid-argument idempotency_key",
    "invalid-argument expires_at",
    "conflict Idempotency-Key",
    messageIdOf(salon.id, used.idempotency_key),
    messageIdOf(salon.id, last.idempotency_key),
  ]);
});

test("the same request again changes nothing, whatever the messages have become", async () => {
  const messages = [message(), message(), message({ channel: "whatsapp" })];
  const first = await bulk(messages);
  const before = (await bench.traces()).messages;
  const second = await bulk(messages);
  expect(second.body).toEqual(first.body);
  expect((await bench.traces()).messages).toBe(before);
});

test("two messages under one key are one, or a conflict", async () => {
  const same = message();
  const { body } = await bulk([same, same, { ...same, body: "Something else." }]);
  const [first, second, third] = body.results;
  expect(second).toEqual(first);
  expect(third).toMatchObject({ error: { code: "conflict" } });
});

test("a message says otherwise than the defaults, and SMS and WhatsApp are paced apart", async () => {
  const [sms, whatsapp] = [message(), message({ channel: "whatsapp", body: "Hello" })];
  await bulk([sms, message(), whatsapp]);
  expect(await stored(sms.idempotency_key)).toMatchObject({ channel: "sms", body: "Ten percent off today." });
  expect(await stored(whatsapp.idempotency_key)).toMatchObject({ channel: "whatsapp", body: "Hello" });
  const slots = [sms, whatsapp].map(async ({ idempotency_key }) => (await stored(idempotency_key))?.due_at);
  const [first, second] = await Promise.all(slots);
  expect(second).toEqual(first);
});

test.each<[string, () => Parameters<typeof bulk>, number, string | undefined]>([
  ["no message", () => [[]], 400, "messages"],
  ["1,001 messages", () => [Array.from({ length: 1_001 }, () => message())], 400, "messages"],
  ["messages that are none", () => ["hello"], 400, "messages"],
  ["null", () => [null], 400, "messages"],
  ["a critical one among others", () => [[message(), message(CRITICAL)]], 400, "messages.1.critical"],
  ["critical defaults", () => [[message()], { defaults: CRITICAL }], 400, "defaults.critical"],
  ["another field", () => [[message()], { slots: 3 }], 400, "slots"],
  ["an unknown salon", () => [[message()], { salon_id: "salon-nobody" }], 404, "salon_id"],
  ["a service without a policy", () => [[message()], {}, localCallerToken(STRANGER)], 404, "salon_id"],
])("%s is refused as a whole, and nothing is stored", async (_, request, status, field) => {
  const before = await bench.traces();
  const answer = await bulk(...request());
  expect(answer).toMatchObject({ status, body: { error: { field } } });
  expect(await bench.traces()).toEqual(before);
});
