import { expect, test } from "vitest";
import { at, type Bench, field, startBench } from "../testing/bench.ts";
import { until } from "../testing/until.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

async function salon(fault?: Record<string, unknown>) {
  const bench = await startBench();
  await bench.own(SALON);
  const sink = await bench.sink();
  if (fault !== undefined) expect((await bench.admin("POST", "/faults", fault)).status).toBe(201);
  const send = (to = CUSTOMER) =>
    bench.client().messages.create({ to, from: SALON, body: "Hello", statusCallback: `${sink.url}/status` });
  const told = () => sink.requests.map(({ parameters }) => parameters.MessageStatus);
  return { bench, sink, send, told };
}

async function statusOf(bench: Bench, sid: string) {
  return (await bench.client().messages(sid).fetch()).status;
}

test("posts the fields of a status callback, neither price nor segments among them", async () => {
  const { bench, sink, send } = await salon();
  const { sid } = await send();
  const delivered = await until(() =>
    sink.requests.find(({ parameters }) => parameters.MessageStatus === "delivered"),
  );
  const { RawDlrDoneDate, ...rest } = delivered.parameters;
  expect(RawDlrDoneDate).toMatch(/^\d{10}$/);
  expect(rest).toEqual({
    MessageSid: sid,
    MessageStatus: "delivered",
    SmsSid: sid,
    SmsStatus: "delivered",
    AccountSid: bench.main.accountSid,
    From: SALON,
    To: CUSTOMER,
    ApiVersion: "2010-04-01",
  });
});

test("delivers callbacks in reverse when told to", async () => {
  const { send, told } = await salon({ kind: "callbacks", order: "reversed" });
  await send();
  await until(() => told().length === 2);
  expect(told()).toEqual(["delivered", "sent"]);
});

test("shuffles callbacks without losing one", async () => {
  const { send, told } = await salon({ kind: "callbacks", order: "shuffled", duplicate: 2 });
  await send();
  await until(() => told().length === 6);
  expect(told().sort()).toEqual([...Array(3).fill("delivered"), ...Array(3).fill("sent")]);
});

test("repeats each callback and keeps the order", async () => {
  const { sink, send, told } = await salon({ kind: "callbacks", duplicate: 1 });
  await send();
  await until(() => told().length === 4);
  expect(told()).toEqual(["sent", "sent", "delivered", "delivered"]);
  const tokens = sink.requests.map(({ headers }) => headers["i-twilio-idempotency-token"]);
  expect([tokens[0] === tokens[1], tokens[1] === tokens[2]]).toEqual([true, false]);
});

test("loses the callbacks it is told to lose, although the message is delivered", async () => {
  const { bench, send, told } = await salon({ kind: "callbacks", lose: ["delivered"] });
  const { sid } = await send();
  await until(async () => (await statusOf(bench, sid)) === "delivered" && told().length === 1);
  expect(told()).toEqual(["sent"]);
});

test("loses every callback", async () => {
  const { bench, send, told } = await salon({ kind: "callbacks", lose: "all" });
  const { sid } = await send();
  await until(async () => (await bench.client().messages(sid).fetch()).price !== null);
  expect(told()).toEqual([]);
});

test("holds callbacks back without holding back the message", async () => {
  const { bench, send, told } = await salon({ kind: "callbacks", delay_ms: 3_600_000 });
  const { sid } = await send();
  await until(async () => (await statusOf(bench, sid)) === "delivered");
  expect(told()).toEqual([]);
});

test.each([
  [30003, ["sent", "undelivered"]],
  [63016, ["failed"]],
])("ends a message with the async error %i as Twilio would", async (code, expected) => {
  const { bench, sink, send, told } = await salon({
    kind: "recipient",
    to: CUSTOMER,
    error_code: code,
    surface: "async",
  });
  const { sid, status } = await send();
  expect(status).toBe("queued");
  await until(() => told().length === expected.length);
  expect(told()).toEqual(expected);
  expect(sink.requests.at(-1)?.parameters.ErrorCode).toBe(String(code));
  expect((await bench.client().messages(sid).fetch()).errorCode).toBe(code);
});

test("refuses a message with a sync error, and keeps nothing of it", async () => {
  const { bench, send } = await salon({
    kind: "recipient",
    to: CUSTOMER,
    error_code: 21614,
    surface: "sync",
  });
  await expect(send()).rejects.toMatchObject({ code: 21614, status: 400 });
  expect(at((await bench.admin("GET", "/messages")).body, "messages")).toEqual([]);
});

test("spares other recipients from a recipient's error, and the same phone on another channel", async () => {
  const { bench, send } = await salon({
    kind: "recipient",
    to: `whatsapp:${CUSTOMER}`,
    error_code: 63003,
    surface: "async",
  });
  const [same, other] = [await send(), await send("+14155550177")];
  await until(
    async () =>
      (await statusOf(bench, same.sid)) === "delivered" && (await statusOf(bench, other.sid)) === "delivered",
  );
});

test("reports a WhatsApp message to the sender's own address when the message names none, up to its being read", async () => {
  const { bench, sink, told } = await salon();
  await bench.admin("POST", "/whatsapp-senders", {
    account_sid: bench.main.accountSid,
    phone_number: SALON,
    status_callback_url: `${sink.url}/whatsapp-status`,
  });
  const { sid } = await bench
    .client()
    .messages.create({ to: `whatsapp:${CUSTOMER}`, from: `whatsapp:${SALON}`, body: "Hi" });
  await until(() => told().length === 2);
  await bench.admin("POST", `/messages/${sid}/read`);
  await until(() => told().length === 3);
  expect(told()).toEqual(["sent", "delivered", "read"]);
  expect(sink.requests.at(-1)?.parameters).toMatchObject({ ChannelPrefix: "whatsapp", EventType: "READ" });
});

test("fails what is still queued when the account is suspended", async () => {
  const bench = await startBench({ stageMs: 250 });
  const sub = await bench.client().api.v2010.accounts.create({});
  await bench.own(SALON, sub.sid);
  const subaccount = bench.client({ accountSid: sub.sid, authToken: sub.authToken });
  const { sid } = await subaccount.messages.create({ to: CUSTOMER, from: SALON, body: "Hello" });
  await bench.client().api.v2010.accounts(sub.sid).update({ status: "suspended" });
  const message = await until(async () => {
    const now = await bench.client().api.v2010.accounts(sub.sid).messages(sid).fetch();
    return now.status === "failed" && now;
  });
  expect(message.errorCode).toBe(30002);
});

test("holds free WhatsApp text to the 24-hour window when that is switched on, templates not", async () => {
  const { bench, sink } = await salon({ kind: "whatsapp_window" });
  await bench.admin("POST", "/whatsapp-senders", { account_sid: bench.main.accountSid, phone_number: SALON });
  const [to, from] = [`whatsapp:${CUSTOMER}`, `whatsapp:${SALON}`];
  const { messages } = bench.client();
  const template = { language: "en", types: { "twilio/text": { body: "Come back to us" } } };
  const contentSid = field((await bench.postJson("/v1/Content", template)).body, "sid");
  const endOf = async (content: { body: string } | { contentSid: string }) => {
    const { sid } = await messages.create({ to, from, ...content, statusCallback: `${sink.url}/status` });
    const { status, errorCode } = await until(async () => {
      const now = await messages(sid).fetch();
      return (now.status === "failed" || now.status === "delivered") && now;
    });
    return [status, errorCode];
  };
  expect(await endOf({ body: "Come back" })).toEqual(["failed", 63016]);
  expect(await endOf({ contentSid })).toEqual(["failed", 63016]);
  await bench.admin("POST", `/contents/${contentSid}/approval`, { status: "approved" });
  expect(await endOf({ contentSid })).toEqual(["delivered", null]);
  await bench.admin("POST", "/inbound-messages", { to: from, from: CUSTOMER, body: "Are you open?" });
  expect(await endOf({ body: "We are" })).toEqual(["delivered", null]);
  for (const [status, code] of [
    ["rejected", 63040],
    ["paused", 63041],
    ["disabled", 63042],
  ] as const) {
    await bench.admin("POST", `/contents/${contentSid}/approval`, { status });
    expect(await endOf({ contentSid })).toEqual(["failed", code]);
  }
});
