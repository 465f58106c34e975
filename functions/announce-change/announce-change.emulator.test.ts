import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type BenchSalon,
  type MessagingBench,
  startMessagingBench,
} from "#scripts/testing/messaging-bench.ts";
import { newAttempt } from "#scripts/testing/outbound-message.ts";
import { accountFingerprint, type MessageId } from "#shared/core/ids.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import { createHandler } from "./handler.ts";

let bench: MessagingBench;
let salon: BenchSalon;
beforeAll(async () => {
  bench = await startMessagingBench();
  salon = await bench.salon();
});
beforeEach(() => bench.clock.restart());
afterAll(() => bench.stop());

const accepted = () => bench.accept(salon, { to: bench.customer(), body: "Dear Priya, see you at 10." });
const expectTold = (id: MessageId, states: readonly string[]) =>
  expect
    .poll(() =>
      bench
        .news(id)
        .map(({ state }) => state)
        .toSorted(),
    )
    .toEqual(states.toSorted());

/** The message has been handed to Twilio, and its SID is on record. */
async function sent(source: "platform_subaccount" | "platform_default" = "platform_subaccount") {
  const message = await accepted();
  const sender = source === "platform_default" ? (bench.defaultNumbers[0] ?? "") : salon.number;
  const account = accountFingerprint(salon.accountSid);
  await bench.messages.claim(message.id, newAttempt({ source, account, sender }), 60);
  const sid = `SM${message.id.slice(0, 32)}`;
  await bench.messages.report(message.id, 1, { sid, state: "sent" });
  return { message, sid };
}

describe("the state of a message", () => {
  test("is told whenever it changes, from its acceptance on, with nothing personal", async () => {
    const message = await accepted();
    await bench.worker().deliver(message.id);
    await expectTold(message.id, ["accepted", "claimed", "queued"]);
    const news = bench.news(message.id);
    expect(new Set(news.map(({ event_id }) => event_id)).size).toBe(3);
    expect(news.find(({ state }) => state === "queued")).toEqual({
      version: 1,
      event_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      salon_id: salon.id,
      message_id: message.id,
      idempotency_key: message.idempotency_key,
      purpose: "message",
      channel: "sms",
      state: "queued",
      hold_reason: null,
      error_code: null,
      failure: null,
      attempt: 1,
      attempt_channel: "sms",
      source: "platform_subaccount",
      occurred_at: bench.clock.now().toISOString(),
    });
    const told = JSON.stringify(news);
    for (const personal of [message.to, message.party, "Priya", salon.number, salon.accountSid])
      expect(told).not.toContain(personal);
  });

  test("is told although Pub/Sub was away for a moment", async () => {
    const message = await accepted();
    await expectTold(message.id, ["accepted"]);
    bench.announcing.failOnce();
    bench.clock.pass(24 * 3_600);
    await bench.worker().deliver(message.id);
    await expectTold(message.id, ["accepted", "expired"]);
    expect(bench.logLines.join("\n")).toContain("event failed");
  });

  test("is told again when a message comes to it again", async () => {
    const { message, sid } = await sent();
    await bench.messages.report(message.id, 1, { sid, state: "undelivered", errorCode: 30006 });
    await bench.messages.resend(message.id);
    await bench.messages.expire(message.id);
    await bench.messages.resend(message.id);
    const states = ["accepted", "claimed", "sent", "undelivered", "held", "expired", "held"];
    await expectTold(message.id, states);
    expect(new Set(bench.news(message.id).map(({ event_id }) => event_id)).size).toBe(states.length);
  });

  test("is not told when it is the same as before", async () => {
    const message = await accepted();
    await bench.messages.hold(message.id, "retry", bench.clock.now());
    bench.clock.pass(60);
    await bench.messages.hold(message.id, "retry", bench.clock.now());
    await bench.messages.cancel(message.id);
    await expectTold(message.id, ["accepted", "held", "canceled"]);
  });

  test("is nobody's news when a customer wrote, or when the message is erased", async () => {
    const { firestore } = bench.database;
    await firestore.doc("messages/from-a-customer").set({ direction: "inbound", body: "Hi", id: "SM1" });
    const message = await accepted();
    await firestore.doc(`messages/${message.id}`).delete();
    const after = await accepted();
    await expectTold(after.id, ["accepted"]);
    await expectTold(message.id, ["accepted"]);
    expect((await firestore.collection("dead_letters").get()).size).toBe(0);
  });
});

describe("a failure that comes late", () => {
  const contactOf = ({ party }: OutboundMessage) => bench.contacts.get(salon.id, party);

  test("as an opt-out is remembered of the customer, however we learned of it", async () => {
    const { message, sid } = await sent();
    await bench.messages.report(message.id, 1, { sid, state: "undelivered", errorCode: 21610 });
    await expect.poll(async () => (await contactOf(message)).opt_out).not.toBeNull();
  });

  test("as an opt-out from the platform's number blocks that number, and not the salon's", async () => {
    const { message, sid } = await sent("platform_default");
    await bench.messages.report(message.id, 1, { sid, state: "undelivered", errorCode: 21610 });
    const threads = bench.database.firestore.collection("threads").where("party", "==", message.party);
    await expect
      .poll(async () => (await threads.get()).docs.map((each) => each.get("blocked_at")))
      .toHaveLength(1);
    expect((await contactOf(message)).opt_out).toBeNull();
  });

  test("has no further consequence when the message changes again: the customer may have come back since", async () => {
    const { message, sid } = await sent();
    await bench.messages.report(message.id, 1, { sid, state: "undelivered", errorCode: 21610 });
    await expect.poll(async () => (await contactOf(message)).opt_out).not.toBeNull();
    bench.clock.pass(60);
    const start = { at: bench.clock.now(), by: "keyword", channel: "sms", evidence: "SM2" } as const;
    await bench.contacts.optIn(salon.id, message.party, start);
    bench.clock.pass(60);
    await bench.messages.resend(message.id);
    await expect.poll(() => bench.news(message.id).map(({ state }) => state)).toContain("held");
    expect((await contactOf(message)).opt_out).toBeNull();
  });
});

test.each([
  { kind: "message", data: {} },
  { kind: "document", path: "salons/salon-1", eventId: "1", data: Buffer.from("") },
  { kind: "document", path: "messages/1/notes/1", eventId: "1", data: Buffer.from("") },
  { kind: "document", path: "messages/1", eventId: "1" },
] as const)("an event that is none of its own is refused: %o", async (trigger) => {
  const handler = createHandler({
    publisher: bench.announcing,
    drawConsequences: () => expect.fail("nothing to draw"),
  });
  await expect(handler(trigger)).rejects.toMatchObject({ code: "invalid-argument" });
});
