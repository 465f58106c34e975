import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { localCallerToken } from "#scripts/local-stack/caller-token.ts";
import { tally } from "#scripts/testing/at-once.ts";
import type { BenchSalon } from "#scripts/testing/messaging-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { type SendMessageBench, startSendMessageBench } from "#scripts/testing/send-message-bench.ts";
import { uniqueSalonId } from "#scripts/testing/test-project.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { messageIdOf } from "#shared/core/ids.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";

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
const gap = (one: OutboundMessage | undefined, other: OutboundMessage | undefined) =>
  (other?.due_at?.getTime() ?? Number.NaN) - (one?.due_at?.getTime() ?? Number.NaN);
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
  const next = message();
  await bulk([next]);
  const [second_sms, behind] = [
    await stored(messages[1]?.idempotency_key ?? ""),
    await stored(next.idempotency_key),
  ];
  expect(gap(second_sms, behind), "no place was taken again").toBe(1_429);
});

test("a repeated request finds its messages after the time by which it wanted them", async () => {
  const expires_at = plusSeconds(bench.clock.now(), 60).toISOString();
  const messages = [message({ expires_at })];
  const first = await bulk(messages);
  bench.clock.pass(61);
  expect((await bulk(messages)).body).toEqual(first.body);
  const [other] = (await bulk([{ ...messages[0], body: "Something else." }])).body.results;
  expect(other).toMatchObject({ error: { field: "expires_at" } });
});

test("what is to go tomorrow goes at the sender's rate tomorrow, and leaves today free", async () => {
  const send_at = plusSeconds(bench.clock.now(), 86_400);
  const later = [1, 2, 3].map(() => message({ send_at: send_at.toISOString() }));
  const { body } = await bulk(later);
  expect(body.results.map((result: { state: string }) => result.state)).toEqual(Array(3).fill("scheduled"));
  const [first, second, third] = await Promise.all(later.map((each) => stored(each.idempotency_key)));
  expect(first?.due_at).toEqual(send_at);
  expect([gap(first, second), gap(second, third)]).toEqual([1_429, 1_429]);
  const today = message();
  await bulk([today]);
  expect((await stored(today.idempotency_key))?.due_at).toEqual(bench.clock.now());
});

test("a campaign goes round the quiet hours, and is wanted for a day after its place", async () => {
  const wall = (seconds: number) => plusSeconds(bench.clock.now(), seconds).toISOString().slice(11, 16);
  const communication = { quiet_hours: { from: wall(60), until: wall(7_200) } };
  salon = await bench.salon({ document: { time_zone: "UTC", communication } });
  const offers = Array.from({ length: 100 }, () => message({ category: "marketing" }));
  await bulk(offers);
  const all = await Promise.all(offers.map((each) => stored(each.idempotency_key)));
  const ahead = all.map((each) => ((each?.due_at?.getTime() ?? 0) - bench.clock.now().getTime()) / 1_000);
  expect(ahead.filter((seconds) => seconds > 60 && seconds < 7_140)).toEqual([]);
  expect(ahead.filter((seconds) => seconds >= 7_140).length).toBeGreaterThan(50);
  const gaps = all.slice(1).map((each, index) => gap(all[index], each));
  expect(Math.min(...gaps)).toBe(1_429);
  for (const each of all)
    expect(each?.expires_at.getTime()).toBeGreaterThanOrEqual((each?.due_at?.getTime() ?? 0) + 86_400_000);
});

test("what would come too late is refused, and takes nobody's place", async () => {
  const expires_at = plusSeconds(bench.clock.now(), 2).toISOString();
  const many = Array.from({ length: 4 }, () => message({ expires_at }));
  const { body } = await bulk([...many, message()]);
  const outcomes = body.results.map(
    (result: { state?: string; error?: object }) => result.state ?? result.error,
  );
  const refused = {
    code: "failed-precondition",
    field: "expires_at",
    message: expect.stringContaining("campaigns"),
  };
  expect(outcomes).toEqual(["held", "held", refused, refused, "held"]);
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
