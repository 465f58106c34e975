import { expect, test } from "vitest";
import { at, field, startBench } from "../testing/bench.ts";
import { until } from "../testing/until.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

async function salon() {
  const bench = await startBench();
  const sink = await bench.sink();
  const sid = await bench.own(SALON);
  await bench
    .client()
    .incomingPhoneNumbers(sid)
    .update({ smsUrl: `${sink.url}/sms` });
  const write = (more: Record<string, unknown> = {}) =>
    bench.admin("POST", "/inbound-messages", { to: SALON, from: CUSTOMER, body: "Hello", ...more });
  return { bench, sink, sid, write };
}

test("posts every core field of an inbound SMS", async () => {
  const { bench, sink, write } = await salon();
  const sid = field((await write({ body: "₹".repeat(71) })).body, "message_sid");
  expect(sink.requests[0]?.parameters).toEqual({
    MessageSid: sid,
    SmsSid: sid,
    SmsMessageSid: sid,
    SmsStatus: "received",
    AccountSid: bench.main.accountSid,
    From: CUSTOMER,
    To: SALON,
    FromCountry: "US",
    ToCountry: "US",
    Body: "₹".repeat(71),
    NumMedia: "0",
    NumSegments: "2",
    ApiVersion: "2010-04-01",
  });
});

test("delivers copies of one message at the same time", async () => {
  const { sink, write } = await salon();
  sink.reply(() => ({ delayMs: 100 }));
  const began = performance.now();
  const { body } = await write({ copies: 8 });
  expect(performance.now() - began).toBeLessThan(700);
  expect(at(body, "deliveries")).toHaveLength(8);
  expect(new Set(sink.requests.map(({ parameters }) => parameters.MessageSid)).size).toBe(1);
});

test("lets an engineer's parameters win over its own", async () => {
  const { sink, write } = await salon();
  await write({ params: { OptOutType: "STOP", FromCountry: "IN" } });
  expect(sink.requests[0]?.parameters).toMatchObject({ OptOutType: "STOP", FromCountry: "IN" });
});

test("calls a message with media MM and lists the media", async () => {
  const { sink, write } = await salon();
  const { body } = await write({ media_urls: ["https://example.com/hair.jpg"] });
  expect(field(body, "message_sid")).toMatch(/^MM/);
  expect(sink.requests[0]?.parameters).toMatchObject({
    NumMedia: "1",
    MediaUrl0: "https://example.com/hair.jpg",
  });
});

test("keeps WhatsApp away from the number's sms_url and takes it to the sender's webhook", async () => {
  const { bench, sink, write } = await salon();
  const refused = await write({ channel: "whatsapp" });
  expect(refused).toMatchObject({ status: 400, body: { field: "to" } });
  await bench.admin("POST", "/whatsapp-senders", {
    account_sid: bench.main.accountSid,
    phone_number: SALON,
    callback_url: `${sink.url}/whatsapp`,
  });
  await write({ channel: "whatsapp" });
  expect(sink.requests.map(({ path }) => path)).toEqual(["/whatsapp"]);
  expect(sink.requests[0]?.parameters).toMatchObject({
    From: `whatsapp:${CUSTOMER}`,
    To: `whatsapp:${SALON}`,
    WaId: "14155550199",
    NumSegments: "1",
  });
});

test("tells of a pressed button, a place, an answered message and an advertisement, as Twilio does", async () => {
  const { bench, sink, write } = await salon();
  await bench.admin("POST", "/whatsapp-senders", {
    account_sid: bench.main.accountSid,
    phone_number: SALON,
    callback_url: `${sink.url}/whatsapp`,
  });
  const rich = { channel: "whatsapp", body: "", profile_name: "Meera", forwarded: true };
  const referral = { headline: "Bridal offer", source_id: "ad-1", ctwa_clid: "click-1" };
  await write({ ...rich, button: { text: "Confirm", payload: "confirm:42" }, reply_to: "SM1" });
  await write({ ...rich, location: { latitude: 17.385, longitude: 78.4867, label: "Home" } });
  await write({ ...rich, body: "Hi", referral, media_urls: ["https://example.com/voice.ogg"] });
  const [button, place, advertised] = sink.requests.map(({ parameters }) => parameters);
  expect(button).toMatchObject({
    Body: "Confirm",
    ButtonText: "Confirm",
    ButtonPayload: "confirm:42",
    ButtonType: "REPLY",
    MessageType: "button",
    OriginalRepliedMessageSid: "SM1",
    OriginalRepliedMessageSender: `whatsapp:${SALON}`,
    ProfileName: "Meera",
    Forwarded: "true",
  });
  expect(place).toMatchObject({ Latitude: "17.385", Longitude: "78.4867", Label: "Home", Body: "" });
  expect(place).not.toHaveProperty("ButtonText");
  expect(advertised).toMatchObject({
    ReferralHeadline: "Bridal offer",
    ReferralSourceId: "ad-1",
    ReferralSourceType: "ad",
    ReferralNumMedia: "0",
    ReferralCtwaClid: "click-1",
    MediaContentType0: "audio/ogg",
  });
});

test("sends sandbox messages to the account that is meant", async () => {
  const { bench, sink, write } = await salon();
  const other = field((await bench.admin("POST", "/accounts", {})).body, "account_sid");
  for (const account_sid of [bench.main.accountSid, other]) {
    await bench.admin("POST", "/whatsapp-senders", {
      account_sid,
      callback_url: `${sink.url}/${account_sid}`,
    });
  }
  const to = "whatsapp:+14155238886";
  expect(await write({ to })).toMatchObject({ status: 400, body: { field: "account_sid" } });
  await write({ to, account_sid: other });
  expect(sink.requests.map(({ path }) => path)).toEqual([`/${other}`]);
});

test("shows an inbound message in the list as received, with no price at first", async () => {
  const { bench, write } = await salon();
  await write();
  const [message] = await bench.client().messages.list({ to: SALON });
  expect(message).toMatchObject({ direction: "inbound", status: "received", body: "Hello" });
});

test("sends what the webhook's TwiML replies", async () => {
  const { bench, sink, write } = await salon();
  sink.reply(() => ({
    body: "<Response><Message><Body>We are closed &amp; resting</Body></Message><Message>Bye</Message></Response>",
  }));
  await write();
  const replies = await bench.client().messages.list({ to: CUSTOMER });
  expect(replies.map(({ body, direction }) => [body, direction])).toEqual([
    ["Bye", "outbound-reply"],
    ["We are closed & resting", "outbound-reply"],
  ]);
});

test("tells nobody when an application stands in the place of the URL", async () => {
  const { bench, sink, sid, write } = await salon();
  await bench
    .client()
    .incomingPhoneNumbers(sid)
    .update({ smsApplicationSid: `AP${"0".repeat(32)}` });
  expect(at((await write()).body, "deliveries")).toEqual([]);
  expect(sink.requests).toEqual([]);
});

test("lets nobody write to a customer who has said STOP, until they say START", async () => {
  const { bench, write } = await salon();
  const send = (from = SALON) => bench.client().messages.create({ to: CUSTOMER, from, body: "Offer" });
  await write({ body: " stop " });
  await expect(send()).rejects.toMatchObject({ code: 21610, status: 400 });
  await bench.own("+14155550124");
  await expect(send("+14155550124")).resolves.toMatchObject({ status: "queued" });
  await write({ body: "START" });
  await expect(send()).resolves.toMatchObject({ status: "queued" });
});

test("delivers nothing to a number nobody owns, nor to a suspended account, and says so", async () => {
  const { bench, write } = await salon();
  expect(await write({ to: "+14155550111" })).toMatchObject({ status: 400, body: { field: "to" } });
  await bench.admin("POST", `/accounts/${bench.main.accountSid}`, { status: "suspended" });
  expect(await write()).toMatchObject({ status: 400, body: { field: "to" } });
});

test("delays the price of an inbound message under a price lag", async () => {
  const { bench, write } = await salon();
  await bench.admin("POST", "/faults", { kind: "price_lag", ms: 3_600_000, times: 1 });
  const sids = [field((await write()).body, "message_sid"), field((await write()).body, "message_sid")];
  const [late = "", prompt = ""] = sids;
  await until(async () => (await bench.client().messages(prompt).fetch()).price === "-0.00790");
  expect((await bench.client().messages(late).fetch()).price).toBeNull();
});

test("loses the webhook of a customer's message and keeps the message", async () => {
  const { bench, sink, write } = await salon();
  await bench.admin("POST", "/faults", { kind: "inbound_lost", times: 1 });
  const { body } = await write({ media_urls: ["https://example.com/hair.jpg"] });
  expect(at(body, "deliveries")).toEqual([]);
  expect(sink.requests).toEqual([]);
  const client = bench.client();
  expect(await client.messages.list()).toMatchObject([
    { sid: field(body, "message_sid"), direction: "inbound" },
  ]);
  const media = await client.messages(field(body, "message_sid")).media.list();
  expect(media).toMatchObject([{ contentType: "image/jpeg", parentSid: field(body, "message_sid") }]);
  await write();
  expect(sink.requests).toHaveLength(1);
});
