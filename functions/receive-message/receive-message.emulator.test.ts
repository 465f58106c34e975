import { setTimeout as sleep } from "node:timers/promises";
import { DateTime } from "luxon";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BenchSalon, startWebhookBench, type WebhookBench } from "#scripts/testing/webhook-bench.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { InboundEvent } from "#shared/messages/events.ts";
import { createInboundIntake, inboundMessageId } from "#shared/messages/inbound-intake.ts";
import { createInboundMessages } from "#shared/messages/inbound-store.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createHandler } from "./handler.ts";

const SALON_NUMBER = "+14155550101";
const OTHER_NUMBER = "+14155550102";
const WHATSAPP_NUMBER = "+14155550103";
const REFUSED = {
  error: {
    code: "permission-denied",
    message: "This request is not signed by a Twilio account of this salon.",
  },
};

/** Where the next webhook's instance dies: before or after one of its effects, so many times. */
const death = { at: "", times: 0 };
const mortal =
  <Input extends unknown[], Output>(effect: string, act: (...input: Input) => Promise<Output>) =>
  async (...input: Input): Promise<Output> => {
    dieAt(`before it has ${effect}`);
    const output = await act(...input);
    dieAt(`after it has ${effect}`);
    return output;
  };
function dieAt(moment: string): void {
  if (death.at !== moment || death.times === 0) return;
  death.times -= 1;
  throw new Error("The instance dies.");
}

let bench: WebhookBench;
let takeAgainLater: () => Promise<number>;
let salon: BenchSalon;
let other: BenchSalon;
let serial = 200;
/** A customer who has never written before. */
const newCustomer = () => `+1415555${String(serial++).padStart(4, "0")}`;
const sid = (last: string) => `SM${last.padStart(32, "0")}`;

beforeAll(async () => {
  bench = await startWebhookBench();
  const messages = createOutboundMessages(bench.database, bench.clock);
  const acceptance = createAcceptance({ ...bench, messages });
  const inbound = createInboundMessages(bench.database);
  const { publisher } = bench;
  const intake = createInboundIntake({
    ...bench,
    inbound: {
      ...inbound,
      record: mortal("stored", inbound.record),
      finish: mortal("finished", inbound.finish),
    },
    publisher: { publish: mortal("published", (...event) => publisher.publish(...event)) },
    acceptance: { ...acceptance, accept: mortal("answered", acceptance.accept) },
  });
  const clock = { now: () => plusSeconds(new Date(), 121) };
  takeAgainLater = () => {
    // Another instance, which knows nothing of how the salons were.
    const salons = createSalons(bench.database);
    const acceptance = createAcceptance({ ...bench, salons, messages, clock });
    return createInboundIntake({ ...bench, clock, inbound, acceptance }).takeAgain();
  };
  const platformInbox = async () => expect.fail("no message of this test is for the platform");
  await bench.serve("receive-message", createHandler({ ...bench, platformInbox, intake }));
  [salon, other] = await Promise.all([bench.addSalon(SALON_NUMBER), bench.addSalon(OTHER_NUMBER)]);
});
afterAll(() => bench.stop());
beforeEach(() => void bench.logs.lines.splice(0));

async function stored(from: string) {
  const all = await bench.documents("messages", salon.salonId);
  return {
    inbound: all.filter((message) => message.direction === "inbound" && message.from === from),
    greetings: all.filter((message) => message.purpose === "greeting" && message.to === from),
    replies: all.filter((message) => message.purpose === "reply" && message.to === from),
  };
}
const ledgerRows = async (messageSid: string) => {
  const rows = bench.database.firestore.collection(`salons/${salon.salonId}/usage_ledger`);
  return (await rows.where("twilio_sid", "==", messageSid).get()).docs.map((row) => row.data());
};
const published = (body: string) => bench.inboundMessages.events().filter((event) => event.body === body);
/** As Twilio would send it; `changes` spoils it. */
const form = (changes: Record<string, string> = {}) => ({
  MessageSid: sid("1"),
  AccountSid: salon.accountSid,
  From: "+14155550199",
  To: salon.number,
  Body: "Hi",
  NumMedia: "0",
  NumSegments: "1",
  ...changes,
});
const path = () => `/webhooks/twilio/sms/${salon.salonId}`;

describe("a customer's message", () => {
  test("is stored, charged and published before Twilio is answered", async () => {
    const from = newCustomer();
    const { deliveries, message_sid } = await bench.twilio.write({
      to: SALON_NUMBER,
      from,
      body: "Are you open?",
    });
    expect(deliveries).toMatchObject([{ status: 200, attempts: 1 }]);
    expect(deliveries[0]?.body).toBe('<?xml version="1.0" encoding="UTF-8"?><Response/>');
    expect((await stored(from)).inbound).toMatchObject([
      {
        from,
        to: SALON_NUMBER,
        body: "Are you open?",
        channel: "sms",
        twilio_sid: message_sid,
        answer: { kind: "greet" },
      },
    ]);
    expect(await ledgerRows(message_sid)).toMatchObject([
      { kind: "sms_inbound", quantity: 1, cost_micros: 0, billed_to: "platform" },
    ]);
    await expect
      .poll(() => published("Are you open?"))
      .toMatchObject([
        {
          event_id: message_sid,
          salon_id: salon.salonId,
          channel: "sms",
          from,
          to: SALON_NUMBER,
          version: 1,
        },
      ]);
  });

  test("that Twilio delivers five times at once is stored, charged and greeted once", async () => {
    const from = newCustomer();
    const { deliveries, message_sid } = await bench.twilio.write({
      to: SALON_NUMBER,
      from,
      body: "Hello?",
      copies: 5,
    });
    expect(deliveries.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200]);
    const { inbound, greetings } = await stored(from);
    expect([inbound.length, greetings.length]).toEqual([1, 1]);
    expect(await ledgerRows(message_sid)).toHaveLength(1);
  });

  test("keeps its media and its text in any script", async () => {
    const from = newCustomer();
    const media = "https://api.twilio.com/media/1";
    await bench.twilio.write({ to: SALON_NUMBER, from, body: "नमस्ते 👋🏽 a+b&c=d", media_urls: [media] });
    const { inbound } = await stored(from);
    expect(inbound[0]).toMatchObject({ body: "नमस्ते 👋🏽 a+b&c=d", media: [{ url: media }] });
  });

  test("by WhatsApp is stored under the bare numbers and answered by WhatsApp", async () => {
    const from = newCustomer();
    const url = `${bench.gateway.url}/webhooks/twilio/whatsapp/${salon.salonId}`;
    const document = bench.database.firestore.doc(`salon_integrations/${salon.salonId}`);
    await document.update({ "platform.whatsapp_number": WHATSAPP_NUMBER });
    await bench.twilio.registerWhatsApp(salon.accountSid, WHATSAPP_NUMBER, url);
    const message = { to: `whatsapp:${WHATSAPP_NUMBER}`, from: `whatsapp:${from}`, body: "Salut" };
    const { deliveries } = await bench.twilio.write(message);
    expect(deliveries[0]?.status).toBe(200);
    const { inbound, greetings } = await stored(from);
    expect(inbound).toMatchObject([{ channel: "whatsapp", from, to: WHATSAPP_NUMBER }]);
    expect(greetings).toMatchObject([{ channel: "whatsapp", to: from }]);
  });

  test("from a short code is stored and not greeted: nobody could answer it", async () => {
    const MessageSid = sid("51");
    const answer = await bench.post(path(), {
      token: salon.authToken,
      form: form({ MessageSid, From: "567890", Body: "Your code is 1234" }),
    });
    expect(answer.status).toBe(200);
    const { inbound } = await stored("567890");
    expect(inbound).toMatchObject([{ from: "567890", body: "Your code is 1234" }]);
    const outbound = await bench.documents("messages", salon.salonId);
    expect(outbound.filter(({ idempotency_key }) => idempotency_key === `greet:${MessageSid}`)).toEqual([]);
  });
});

describe("the greeting", () => {
  test("has the salon's name, is a message to be delivered, and comes only once", async () => {
    const from = newCustomer();
    await bench.twilio.write({ to: SALON_NUMBER, from, body: "First" });
    await bench.twilio.write({ to: SALON_NUMBER, from, body: "Second" });
    const { inbound, greetings } = await stored(from);
    expect(inbound.map(({ answer }) => answer?.kind).sort()).toEqual(["greet", undefined]);
    expect(greetings).toMatchObject([
      { body: "Welcome to Anjali's Salon! How can I help you today?", state: "accepted", channel: "sms" },
    ]);
  });

  test("comes once although the first two messages arrive at the same moment", async () => {
    const from = newCustomer();
    const write = (body: string) => bench.twilio.write({ to: SALON_NUMBER, from, body });
    await Promise.all([write("One"), write("Two"), write("Three")]);
    const { inbound, greetings } = await stored(from);
    expect([inbound.length, greetings.length]).toEqual([3, 1]);
  });

  test.each([
    { body: "STOP", params: {} },
    { body: " unsubscribe ", params: {} },
    { body: "Help", params: {} },
    { body: "Arrête", params: { OptOutType: "STOP" } },
  ])("does not contradict a keyword that Twilio answers itself: %j", async ({ body, params }) => {
    const from = newCustomer();
    await bench.twilio.write({ to: SALON_NUMBER, from, body, params });
    const { inbound, greetings } = await stored(from);
    expect([inbound.length, greetings.length]).toEqual([1, 0]);
  });

  test("is silent where the salon has none", async () => {
    const silent = await bench.addSalon("+14155550104", { communication: { whatsapp_greeting: null } });
    await bench.twilio.write({ to: silent.number, from: newCustomer(), body: "Hi" });
    expect(await bench.documents("messages", silent.salonId)).toHaveLength(1);
  });
});

describe("what a customer can send beside text", () => {
  const write = async (message: Record<string, unknown>) => {
    const from = newCustomer();
    const sent = { to: `whatsapp:${WHATSAPP_NUMBER}`, from: `whatsapp:${from}`, ...message };
    const { deliveries, message_sid } = await bench.twilio.write(sent);
    expect(deliveries.map(({ status }) => status)).toEqual([200]);
    const [document] = (await stored(from)).inbound;
    await expect.poll(() => eventOf(message_sid)).toBeDefined();
    return { document, event: eventOf(message_sid) };
  };
  const eventOf = (sid: string) => bench.inboundMessages.events().find(({ event_id }) => event_id === sid);

  test.each([
    [
      "a pressed button",
      { button: { text: "Confirm", payload: "confirm:42" } },
      { message_type: "button", button: { text: "Confirm", payload: "confirm:42", type: "REPLY" } },
    ],
    [
      "a place",
      { location: { latitude: 17.385, longitude: 78.4867, address: "12 Main Road", label: "Home" } },
      { location: { latitude: 17.385, longitude: 78.4867, address: "12 Main Road", label: "Home" } },
    ],
    [
      "an answer to a message",
      { body: "That one", reply_to: sid("901") },
      { reply_to: { sid: sid("901"), sender: `whatsapp:${WHATSAPP_NUMBER}` } },
    ],
    [
      "a click on an advertisement",
      { body: "Hi", referral: { headline: "Bridal offer", source_id: "ad-1", ctwa_clid: "click-1" } },
      { referral: { headline: "Bridal offer", source_id: "ad-1", source_type: "ad", ctwa_clid: "click-1" } },
    ],
    [
      "what was forwarded",
      { body: "Look", forwarded: true, profile_name: "Meera 💇🏽‍♀️" },
      { forwarded: true, profile_name: "Meera 💇🏽‍♀️" },
    ],
    [
      "what a form holds",
      { params: { InteractiveData: '{"type":"nfm_reply"}', FlowData: '{"day":"monday"}', Tomorrow: "x" } },
      { interactive_data: '{"type":"nfm_reply"}', flow_data: '{"day":"monday"}' },
    ],
  ])("%s is stored and published as Twilio told it", async (_, message, told) => {
    const { document, event } = await write(message);
    expect(document?.details).toMatchObject(told);
    expect(document?.details).not.toHaveProperty("Tomorrow");
    expect(InboundEvent.parse(event)).toMatchObject(told);
    expect(event?.wa_id).toMatch(/^1415555\d{4}$/);
  });

  test("pictures and recordings are listed with what they are, by WhatsApp and by MMS", async () => {
    const media_urls = ["https://api.twilio.com/a.png", "https://api.twilio.com/b.ogg"];
    const media = [
      { url: media_urls[0], content_type: "image/png" },
      { url: media_urls[1], content_type: "audio/ogg" },
    ];
    const byMms = newCustomer();
    await bench.twilio.write({ to: SALON_NUMBER, from: byMms, media_urls });
    const { document, event } = await write({ media_urls });
    expect([document?.media, event?.media, document?.body]).toEqual([media, media, ""]);
    const [mms] = (await stored(byMms)).inbound;
    expect([mms?.media, mms?.channel, mms?.twilio_sid.slice(0, 2)]).toEqual([media, "sms", "MM"]);
  });
});

describe("what is answered by itself", () => {
  /** Open for an hour in two days, by the clock in India. */
  const closedNow = () => {
    const day = DateTime.now().setZone("Asia/Kolkata").plus({ days: 2 }).setLocale("en");
    return { [day.toFormat("cccc").toLowerCase()]: { opens: "09:30", closes: "10:30" } };
  };
  const answersTo = async ({ salonId }: BenchSalon, to: string) =>
    (await bench.documents("messages", salonId))
      .filter((message) => message.direction === "outbound" && message.to === to)
      .map(({ purpose, body, idempotency_key }) => ({ purpose, body, key: idempotency_key.split(":")[0] }));

  test("is in the language of the customer, and one message with both while the salon is closed", async () => {
    const closed = await bench.addSalon("+14155550108", { hours: closedNow() });
    const from = newCustomer();
    await bench.twilio.write({ to: closed.number, from, body: "నమస్తే" });
    await bench.twilio.write({ to: closed.number, from, body: "Hello?" });
    const answers = await answersTo(closed, from);
    expect(answers).toMatchObject([{ purpose: "greeting", key: "greet" }]);
    expect(answers[0]?.body).toMatch(/^Anjali's Salonకు స్వాగతం!.+\n\n.+ ఉదయం 9:30 గంటలకు మళ్లీ తెరుస్తాము\.$/u);
  });

  test("tells that the salon is closed once, although Twilio delivers the message five times at once", async () => {
    const closed = await bench.addSalon("+14155550109", {
      hours: closedNow(),
      communication: { whatsapp_greeting: null },
    });
    const from = newCustomer();
    await bench.twilio.write({ to: closed.number, from, body: "Hi", copies: 5 });
    await bench.twilio.write({ to: closed.number, from, body: "Are you there?" });
    const answers = await answersTo(closed, from);
    expect(answers).toMatchObject([{ purpose: "reply", key: "hours" }]);
    expect(answers[0]?.body).toMatch(
      /^Anjali's Salon is closed right now\. We open again on .+ at 9:30 am\.$/,
    );
  });

  test("is help by WhatsApp, and at most three times an hour, however long another robot asks", async () => {
    const from = newCustomer();
    const to = `whatsapp:${WHATSAPP_NUMBER}`;
    for (let round = 0; round < 6; round += 1)
      await bench.twilio.write({ to, from: `whatsapp:${from}`, body: "सहायता" });
    const { inbound, replies } = await stored(from);
    expect([inbound.length, replies.length]).toEqual([6, 3]);
    expect(replies[0]?.body).toContain("यह Anjali's Salon है।");
  });

  test("welcomes back by WhatsApp who opts in again, and says nothing to the STOP", async () => {
    const from = newCustomer();
    const write = (body: string) =>
      bench.twilio.write({ to: `whatsapp:${WHATSAPP_NUMBER}`, from: `whatsapp:${from}`, body });
    await write("STOP");
    await write("Are you open?");
    expect((await stored(from)).replies).toEqual([]);
    await write("START");
    expect((await stored(from)).replies).toMatchObject([
      { body: expect.stringContaining("You will get messages from Anjali's Salon again") },
    ]);
  });
});

describe("STOP and START", () => {
  const optOut = async (from: string) => {
    const contact = bench.database.firestore.doc(`contacts/${salon.salonId}_${bench.partyOf(from)}`);
    return (await contact.get()).get("opt_out");
  };

  test("opt a customer out and in again, as the message that said so is stored", async () => {
    const from = newCustomer();
    const { message_sid } = await bench.twilio.write({ to: SALON_NUMBER, from, body: "Stop." });
    expect(await optOut(from)).toMatchObject({ by: "keyword", channel: "sms", evidence: message_sid });
    await bench.twilio.write({ to: SALON_NUMBER, from, body: "ప్రారంభించండి" });
    expect(await optOut(from)).toBeNull();
  });

  test("are taken from Twilio where it knows them, in whatever case it writes", async () => {
    const from = newCustomer();
    await bench.twilio.write({ to: SALON_NUMBER, from, body: "Arrête", params: { OptOutType: "Stop" } });
    expect(await optOut(from)).toMatchObject({ by: "keyword" });
    await bench.twilio.write({ to: SALON_NUMBER, from, body: "Reprends", params: { OptOutType: "start" } });
    expect(await optOut(from)).toBeNull();
  });

  test("is recorded once, although Twilio delivers it five times at once", async () => {
    const from = newCustomer();
    const { message_sid } = await bench.twilio.write({ to: SALON_NUMBER, from, body: "STOP", copies: 5 });
    expect(await optOut(from)).toMatchObject({ evidence: message_sid });
    expect((await stored(from)).inbound).toHaveLength(1);
  });

  test("of another salon's customer cannot be forged with a valid signature of one's own", async () => {
    const from = newCustomer();
    const forged = form({ MessageSid: sid("81"), AccountSid: other.accountSid, From: from, Body: "STOP" });
    const answer = await bench.post(path(), { token: other.authToken, form: forged });
    expect(answer.status).toBe(403);
    expect(await optOut(from)).toBeUndefined();
  });
});

describe("when something is down", () => {
  test("Pub/Sub failing is answered 5xx, and Twilio's own repetition completes what was begun", async () => {
    const from = newCustomer();
    bench.publisher.failOnce();
    const { deliveries } = await bench.twilio.write({ to: SALON_NUMBER, from, body: "Twice then" });
    expect(deliveries).toMatchObject([{ status: 200, attempts: 2 }]);
    const { inbound, greetings } = await stored(from);
    expect([inbound.length, greetings.length]).toEqual([1, 1]);
    await expect.poll(() => published("Twice then")).toHaveLength(1);
    expect(bench.logs.lines.some((line) => line.includes('"status":500'))).toBe(true);
  });

  const MOMENTS = ["stored", "published", "answered", "finished"].flatMap((effect) => [
    `before it has ${effect}`,
    `after it has ${effect}`,
  ]);

  test.each(MOMENTS)("an instance that dies %s is followed by one that does the rest", async (moment) => {
    const from = newCustomer();
    Object.assign(death, { at: moment, times: 1 });
    const { deliveries, message_sid } = await bench.twilio.write({ to: SALON_NUMBER, from, body: moment });
    expect(deliveries).toMatchObject([{ status: 200, attempts: 2 }]);
    const { inbound, greetings } = await stored(from);
    expect([inbound.length, greetings.length, (await ledgerRows(message_sid)).length]).toEqual([1, 1, 1]);
    expect(inbound[0]).not.toHaveProperty("take_again_at");
    await expect.poll(() => published(moment).length).toBeGreaterThan(0);
    expect(new Set(published(moment).map(({ event_id }) => event_id))).toEqual(new Set([message_sid]));
  });

  test("a message whose publishing fails through all of Twilio's repetitions is published later, once", async () => {
    const from = newCustomer();
    const body = "Through all of it";
    Object.assign(death, { at: "before it has published", times: 4 });
    const { deliveries } = await bench.twilio.write({ to: SALON_NUMBER, from, body });
    expect(deliveries).toMatchObject([{ status: 500, attempts: 4 }]);
    const before = await stored(from);
    expect([before.inbound.length, before.greetings.length, published(body)]).toEqual([1, 0, []]);
    expect(await takeAgainLater()).toBe(1);
    expect(await takeAgainLater()).toBe(0);
    expect((await stored(from)).greetings).toHaveLength(1);
    await expect.poll(() => published(body)).toHaveLength(1);
    await sleep(200);
    expect(published(body)).toHaveLength(1);
  });

  test("one that cannot be read is told of, and stops no other from being published later", async () => {
    const broken = bench.database.firestore.doc("messages/not-readable");
    await broken.set({ direction: "inbound", take_again_at: new Date(0) });
    const body = "Behind an odd one";
    Object.assign(death, { at: "before it has published", times: 4 });
    await bench.twilio.write({ to: SALON_NUMBER, from: newCustomer(), body });
    expect(await takeAgainLater()).toBe(1);
    await broken.delete();
    await expect.poll(() => published(body)).toHaveLength(1);
    expect(bench.logs.lines.some((line) => line.includes("customer's message cannot be read"))).toBe(true);
  });

  test("a repeated webhook goes on with what a newer version has stored more of", async () => {
    const body = "From tomorrow";
    Object.assign(death, { at: "before it has published", times: 4 });
    const from = newCustomer();
    const { message_sid } = await bench.twilio.write({ to: SALON_NUMBER, from, body });
    const id = inboundMessageId(salon.salonId, message_sid);
    const later = { "details.later": 1, "details.button": { text: "Confirm", later: 1 }, later: 1 };
    await bench.database.firestore.doc(`messages/${id}`).update(later);
    const form = { AccountSid: salon.accountSid, MessageSid: message_sid, From: from, To: salon.number };
    const path = `/webhooks/twilio/sms/${salon.salonId}`;
    expect((await bench.post(path, { token: salon.authToken, form })).status).toBe(200);
    await expect.poll(() => published(body)).toMatchObject([{ button: { text: "Confirm" } }]);
  });

  test("what is published later is not answered for a salon that has closed meanwhile, and is finished", async () => {
    const closing = await bench.addSalon("+14155550110");
    const from = newCustomer();
    Object.assign(death, { at: "before it has published", times: 4 });
    await bench.twilio.write({ to: closing.number, from, body: "Too late" });
    await bench.database.firestore.doc(`salons/${closing.salonId}`).update({ status: "closed" });
    expect(await takeAgainLater()).toBe(1);
    const [only, ...more] = await bench.documents("messages", closing.salonId);
    expect(only).toMatchObject({ direction: "inbound", answer: { kind: "greet" } });
    expect(only).not.toHaveProperty("take_again_at");
    expect(more).toEqual([]);
    await expect.poll(() => published("Too late")).toHaveLength(1);
  });

  test("a closed salon stores nothing", async () => {
    const closed = await bench.addSalon("+14155550105", { status: "closed" });
    const { deliveries } = await bench.twilio.write({ to: closed.number, from: newCustomer(), body: "Hi" });
    expect(deliveries[0]?.status).toBe(404);
    expect(await bench.documents("messages", closed.salonId)).toEqual([]);
  });
});

describe("the same customer", () => {
  test("of two salons is two contacts: each has the message, greets and takes the STOP of its own", async () => {
    const from = newCustomer();
    await bench.twilio.write({ to: SALON_NUMBER, from, body: "Hi" });
    await bench.twilio.write({ to: OTHER_NUMBER, from, body: "Hi" });
    await bench.twilio.write({ to: OTHER_NUMBER, from, body: "STOP" });
    const of = async ({ salonId }: BenchSalon) => {
      const all = await bench.documents("messages", salonId);
      const [contact] = (await bench.documents("contacts", salonId)).filter(
        ({ party }) => party === bench.partyOf(from),
      );
      return {
        received: all.filter((message) => message.from === from).map(({ body }) => body),
        greeted: all.filter((message) => message.to === from).length,
        isOut: contact?.opt_out !== null,
      };
    };
    expect(await of(salon)).toEqual({ received: ["Hi"], greeted: 1, isOut: false });
    const ofOther = await of(other);
    expect({ ...ofOther, received: ofOther.received.toSorted() }).toEqual({
      received: ["Hi", "STOP"],
      greeted: 1,
      isOut: true,
    });
  });

  test("who writes the same twice has written two messages", async () => {
    const from = newCustomer();
    const write = () => bench.twilio.write({ to: SALON_NUMBER, from, body: "Yes, at 5" });
    const [first, second] = [await write(), await write()];
    expect(first.message_sid).not.toBe(second.message_sid);
    const { inbound, greetings } = await stored(from);
    expect([inbound.length, greetings.length]).toEqual([2, 1]);
    const rows = await Promise.all([first, second].map(({ message_sid }) => ledgerRows(message_sid)));
    expect(rows.map(({ length }) => length)).toEqual([1, 1]);
    await expect.poll(() => published("Yes, at 5")).toHaveLength(2);
  });

  test("whose webhook Twilio repeats, with the same I-Twilio-Idempotency-Token, has written one", async () => {
    const From = newCustomer();
    const headers = { "i-twilio-idempotency-token": "0123456789abcdef" };
    const signed = {
      token: salon.authToken,
      headers,
      form: form({ MessageSid: sid("91"), From, Body: "Once" }),
    };
    const answers = [await bench.post(path(), signed), await bench.post(path(), signed)];
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    const { inbound, greetings } = await stored(From);
    expect([inbound.length, greetings.length, (await ledgerRows(sid("91"))).length]).toEqual([1, 1, 1]);
    await expect.poll(() => published("Once")).toHaveLength(1);
    const outcomes = bench.logs.lines
      .map((line) => JSON.parse(line))
      .filter(({ message }) => message === "request answered")
      .map(({ outcome }) => outcome);
    expect(outcomes).toEqual(["accepted", "repeated"]);
  });
});

describe("what must not get in", () => {
  const nothingOf = async (messageSid: string) => {
    const query = bench.database.firestore.collection("messages").where("twilio_sid", "==", messageSid);
    expect((await query.get()).size).toBe(0);
    expect(bench.inboundMessages.events().filter(({ event_id }) => event_id === messageSid)).toEqual([]);
  };

  test("another salon cannot write into this one with its own valid signature", async () => {
    const MessageSid = sid("61");
    const forged = form({ MessageSid, AccountSid: other.accountSid });
    const answer = await bench.post(path(), { token: other.authToken, form: forged });
    expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
    await nothingOf(MessageSid);
  });

  test("a message to a number that is not the salon's is refused, although the account signed it", async () => {
    const MessageSid = sid("62");
    const stray = form({ MessageSid, To: other.number });
    const answer = await bench.post(path(), { token: salon.authToken, form: stray });
    expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
    await nothingOf(MessageSid);
  });

  test.each([
    ["no MessageSid", { MessageSid: "" }],
    ["a MessageSid that is none", { MessageSid: "../../salons/x" }],
    ["no From", { From: "" }],
    ["no To", { To: "" }],
  ])("a signed webhook with %s is refused and leaves nothing", async (_, changes) => {
    const answer = await bench.post(path(), { token: salon.authToken, form: form(changes) });
    expect([answer.status, await answer.json()]).toEqual([403, REFUSED]);
  });

  test("a body over the limit is refused before anything is asked of it", async () => {
    const large = form({ Body: "x".repeat(70_000) });
    const answer = await bench.post(path(), { token: salon.authToken, form: large });
    expect(answer.status).toBe(413);
  });
});

test("a changed number is known at once: the cached integration is read again", async () => {
  const moved = await bench.addSalon("+14155550106");
  await bench.twilio.write({ to: moved.number, from: newCustomer(), body: "Warms the cache" });
  const { sid: numberSid } = await bench.twilio.giveNumber(moved.accountSid, "+14155550107");
  expect(numberSid).toMatch(/^PN/);
  const document = bench.database.firestore.doc(`salon_integrations/${moved.salonId}`);
  await document.update({ "platform.phone_number": "+14155550107" });
  const answer = await bench.post(`/webhooks/twilio/sms/${moved.salonId}`, {
    token: moved.authToken,
    form: form({ AccountSid: moved.accountSid, To: "+14155550107", MessageSid: sid("71") }),
  });
  expect(answer.status).toBe(200);
});

test("nothing secret or personal is logged, whatever happens", async () => {
  const from = newCustomer();
  const body = "My card is 4111";
  await bench.twilio.write({ to: SALON_NUMBER, from, body });
  bench.publisher.failOnce();
  await bench.twilio.write({ to: SALON_NUMBER, from, body: `${body} again` });
  await bench.post(path(), { token: "not the token", form: form({ From: from, Body: body }) });
  await bench.post(path(), {
    token: salon.authToken,
    form: form({ From: from, To: other.number, Body: body }),
  });
  expect(bench.logs.lines.length).toBeGreaterThanOrEqual(5);
  const bare = [from, SALON_NUMBER, other.number].map((number) => number.slice(1));
  expect(bench.logs.leaked([...bare, "4111", salon.authToken, salon.accountSid, "not the token"])).toEqual(
    [],
  );
});
