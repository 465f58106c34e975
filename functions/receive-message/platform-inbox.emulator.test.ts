import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type BenchSalon,
  PLATFORM_NUMBERS,
  startWebhookBench,
  type WebhookBench,
} from "#scripts/testing/webhook-bench.ts";
import { createThreads } from "#shared/contacts/threads.ts";
import { accountFingerprint, PLATFORM_SEGMENT } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createInboundIntake } from "#shared/messages/inbound-intake.ts";
import { createInboundMessages } from "#shared/messages/inbound-store.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createHandler } from "./handler.ts";
import { createPlatformInbox } from "./platform-inbox.ts";

const NUMBER = E164.parse(PLATFORM_NUMBERS.default);
let bench: WebhookBench;
let salon: BenchSalon;
let other: BenchSalon;
let serial = 700;
const newCustomer = () => `+1415555${String(serial++).padStart(4, "0")}`;

beforeAll(async () => {
  bench = await startWebhookBench();
  const messages = createOutboundMessages(bench.database, bench.clock);
  const platformInbox = createPlatformInbox({
    ...bench,
    threads: createThreads(bench),
    deadLetters: createDeadLetters(bench.database, bench.clock),
  });
  const inbound = createInboundMessages(bench.database);
  const acceptance = createAcceptance({ ...bench, messages });
  const intake = createInboundIntake({ ...bench, inbound, acceptance });
  await bench.serve("receive-message", createHandler({ ...bench, platformInbox, intake }));
  const greeted = { communication: { whatsapp_greeting: "Welcome to {salon_name}!" } };
  [salon, other] = await Promise.all([
    bench.addSalon("+14155550101", greeted),
    bench.addSalon("+14155550102", greeted),
  ]);
  const { accountSid, authToken } = bench.twilio.main;
  const parent = createTwilio({ apiBaseUrl: bench.twilio.url }).account({
    accountSid,
    authToken: new Secret(authToken),
  });
  const { sid } = await bench.twilio.giveNumber(accountSid, NUMBER);
  await parent.configureNumber(sid, bench.urls.ofNumber(PLATFORM_SEGMENT));
});
afterAll(() => bench.stop());
beforeEach(() => void bench.logs.lines.splice(0));

/** As an emergency message leaves it. */
const wroteTo = (customer: string, { salonId }: BenchSalon) =>
  createThreads(bench).claim({ salonId, party: bench.partyOf(customer), numbers: [NUMBER] });
const stored = async ({ salonId }: BenchSalon, from: string) =>
  (await bench.documents("messages", salonId)).filter((message) => message.from === from);

describe("a reply to one of the platform's own numbers", () => {
  test("comes to the salon that wrote from there, billed to the platform", async () => {
    const from = newCustomer();
    await wroteTo(from, salon);
    const { deliveries } = await bench.twilio.write({ to: NUMBER, from, body: "I am on my way." });
    expect(deliveries.map(({ status }) => status)).toEqual([200]);
    const [message] = await stored(salon, from);
    expect(message).toMatchObject({
      salon_id: salon.salonId,
      to: NUMBER,
      body: "I am on my way.",
      account: accountFingerprint(bench.twilio.main.accountSid),
      answer: null,
    });
    expect(await stored(other, from)).toEqual([]);
    const rows = bench.database.firestore.collection(`salons/${salon.salonId}/usage_ledger`);
    const [row] = (await rows.where("twilio_sid", "==", message?.twilio_sid).get()).docs;
    expect(row?.get("billed_to")).toBe("platform");
    const event = () => bench.inboundMessages.events().find(({ from: whose }) => whose === from);
    await expect.poll(event).toMatchObject({ salon_id: salon.salonId, to: NUMBER });
  });

  test("is stored once, although Twilio delivers it five times at once", async () => {
    const from = newCustomer();
    await wroteTo(from, salon);
    await bench.twilio.write({ to: NUMBER, from, body: "Yes, please.", copies: 5 });
    expect(await stored(salon, from)).toHaveLength(1);
  });

  test("gets no automatic answer: it would come from another number", async () => {
    const from = newCustomer();
    await wroteTo(from, salon);
    await bench.twilio.write({ to: NUMBER, from, body: "मदद" });
    const all = await bench.documents("messages", salon.salonId);
    expect(all.filter(({ to }) => to === from)).toEqual([]);
  });

  test("that says STOP blocks the number for that customer as well", async () => {
    const from = newCustomer();
    await wroteTo(from, salon);
    await bench.twilio.write({ to: NUMBER, from, body: "STOP" });
    expect(await wroteTo(from, other)).toBeUndefined();
  });
});

describe("a message for nobody", () => {
  test("is answered, and set aside by its SID without its words or its writer", async () => {
    const from = newCustomer();
    const { message_sid, deliveries } = await bench.twilio.write({
      to: NUMBER,
      from,
      body: "canary: who are you?",
    });
    expect(deliveries.map(({ status, body }) => [status, body.includes("<Response/>")])).toEqual([
      [200, true],
    ]);
    const letters = await bench.database.firestore.collection("dead_letters").get();
    const letter = letters.docs
      .map((document) => document.data())
      .find(({ event_id }) => event_id === message_sid);
    expect(letter).toMatchObject({ function: "receive-message", code: "not-found" });
    const said = `${JSON.stringify(letter)} ${bench.logs.lines.join()}`;
    expect(said).toContain(message_sid);
    expect(said).not.toMatch(new RegExp(`canary|${from.slice(1)}|${NUMBER.slice(1)}`));
    expect(await stored(salon, from)).toEqual([]);
  });

  const letterOf = async (sid: string) => {
    const letters = await bench.database.firestore.collection("dead_letters").get();
    return letters.docs.find((letter) => letter.get("event_id") === sid);
  };

  test.each([
    ["STOP", "START", false],
    ["बंद करें", "शुरू करें", false],
    ["Cancel", "Yes", false],
    ["Arrête", "Reprends", true],
  ])("blocks the number all the same with %j, and frees it with %j", async (stop, start, isTwilios) => {
    const from = newCustomer();
    const write = (body: string, type: string) => {
      const params = isTwilios ? { OptOutType: type } : {};
      return bench.twilio.write({ to: NUMBER, from, body, params, copies: 3 });
    };
    const { message_sid, deliveries } = await write(stop, "STOP");
    expect(deliveries.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(await wroteTo(from, salon)).toBeUndefined();
    await write(start, "START");
    expect(await wroteTo(from, salon)).toBe(NUMBER);
    expect(await letterOf(message_sid)).toBeUndefined();
  });

  test.each([
    ["has closed", "+14155550103", { status: "closed" }, {}],
    ["has its data erased", "+14155550104", {}, { erasing: true }],
  ])("is what a salon gets that %s: its STOP blocks the number, the rest is set aside", async (...given) => {
    const [, number, changes, integration] = given;
    const gone = await bench.addSalon(number, changes);
    const document = bench.database.firestore.doc(`salon_integrations/${gone.salonId}`);
    await document.set(integration, { merge: true });
    const from = newCustomer();
    await wroteTo(from, gone);
    const { message_sid, deliveries } = await bench.twilio.write({
      to: NUMBER,
      from,
      body: "Are you there?",
    });
    expect(deliveries.map(({ status }) => status)).toEqual([200]);
    expect(await letterOf(message_sid)).toBeDefined();
    await bench.twilio.write({ to: NUMBER, from, body: "STOP" });
    expect(await wroteTo(from, gone)).toBeUndefined();
    expect(await bench.documents("messages", gone.salonId)).toEqual([]);
  });

  test("cannot be put into a salon's inbox by the parent's own signature", async () => {
    const { accountSid: AccountSid, authToken: token } = bench.twilio.main;
    const MessageSid = `SM${"7".repeat(32)}`;
    const form = { MessageSid, AccountSid, From: newCustomer(), To: NUMBER, Body: "Hi" };
    const answer = await bench.post(`/webhooks/twilio/sms/${salon.salonId}`, { token, form });
    expect(answer.status).toBe(403);
  });
});
