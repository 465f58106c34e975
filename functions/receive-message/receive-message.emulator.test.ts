import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type BenchSalon, startWebhookBench, type WebhookBench } from "#scripts/testing/webhook-bench.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createInboundMessages } from "#shared/messages/inbound-store.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
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

let bench: WebhookBench;
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
  await bench.serve("receive-message", createHandler({ ...bench, inbound, acceptance }));
  [salon, other] = await Promise.all([bench.addSalon(SALON_NUMBER), bench.addSalon(OTHER_NUMBER)]);
});
afterAll(() => bench.stop());
beforeEach(() => void bench.logs.lines.splice(0));

async function stored(from: string) {
  const all = await bench.documents("messages", salon.salonId);
  return {
    inbound: all.filter((message) => message.direction === "inbound" && message.from === from),
    greetings: all.filter((message) => message.purpose === "greeting" && message.to === from),
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
        greets: true,
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
    expect(inbound.map(({ greets }) => greets).sort()).toEqual([false, true]);
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

  test("a closed salon stores nothing", async () => {
    const closed = await bench.addSalon("+14155550105", { status: "closed" });
    const { deliveries } = await bench.twilio.write({ to: closed.number, from: newCustomer(), body: "Hi" });
    expect(deliveries[0]?.status).toBe(404);
    expect(await bench.documents("messages", closed.salonId)).toEqual([]);
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
