import { expect, test } from "vitest";
import { startBench } from "../testing/bench.ts";
import { until } from "../testing/until.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

async function salon() {
  const bench = await startBench();
  await bench.own(SALON);
  const sink = await bench.sink();
  sink.reply(({ path }) =>
    path === "/voice" ? { body: "<Response><Say>Your appointment is tomorrow</Say></Response>" } : {},
  );
  return { bench, sink, calls: bench.client().calls };
}

test("places a call, plays the TwiML to it and tells of its end alone", async () => {
  const { sink, calls } = await salon();
  const { sid, status } = await calls.create({
    to: CUSTOMER,
    from: SALON,
    url: `${sink.url}/voice`,
    statusCallback: `${sink.url}/status`,
  });
  expect(status).toBe("queued");
  await until(() => sink.requests.length === 2);
  expect(sink.requests.map(({ path, parameters }) => [path, parameters.CallStatus])).toEqual([
    ["/voice", "in-progress"],
    ["/status", "completed"],
  ]);
  expect(sink.requests[1]?.parameters).toMatchObject({
    CallSid: sid,
    CallDuration: "30",
    Direction: "outbound-api",
  });
  const call = await until(async () => {
    const now = await calls(sid).fetch();
    return now.price !== null && now;
  });
  expect(call).toMatchObject({
    status: "completed",
    duration: "30",
    price: "-0.01400",
    direction: "outbound-api",
  });
});

test.each(["busy", "no-answer", "failed"])("ends %s when the phone is planned to be", async (outcome) => {
  const { bench, sink, calls } = await salon();
  await bench.admin("POST", "/call-plans", { to: CUSTOMER, outcome, times: 1 });
  const wanted = {
    to: CUSTOMER,
    from: SALON,
    url: `${sink.url}/voice`,
    statusCallback: `${sink.url}/status`,
  };
  const { sid } = await calls.create(wanted);
  await until(() => sink.requests.length === 1);
  expect(sink.requests[0]?.parameters).toMatchObject({ CallStatus: outcome, CallDuration: "0" });
  expect(await calls(sid).fetch()).toMatchObject({ status: outcome, price: null });
  await calls.create(wanted);
  await until(() => sink.requests.length === 3);
  expect(sink.requests[2]?.parameters).toMatchObject({ CallStatus: "completed" });
});

test("presses the keys that are planned, and lasts as long", async () => {
  const { bench, sink, calls } = await salon();
  sink.reply(({ path }) =>
    path === "/voice" ? { body: `<Response><Gather action="/key" numDigits="1"/></Response>` } : {},
  );
  await bench.admin("POST", "/call-plans", { to: CUSTOMER, digits: ["1"], duration_seconds: 61 });
  await calls.create({
    to: CUSTOMER,
    from: SALON,
    url: `${sink.url}/voice`,
    statusCallback: `${sink.url}/status`,
  });
  await until(() => sink.requests.length === 3);
  expect(sink.requests[1]?.parameters).toMatchObject({ Digits: "1" });
  expect(sink.requests[2]?.parameters).toMatchObject({ CallDuration: "61" });
});

test("refuses a plan for what is no phone number", async () => {
  const { bench } = await salon();
  expect(await bench.admin("POST", "/call-plans", { to: "me" })).toMatchObject({
    status: 400,
    body: { field: "to" },
  });
});

test("shows the engineer every call to a number, without any lag", async () => {
  const { bench, calls } = await salon();
  await bench.admin("POST", "/faults", { kind: "list_lag", ms: 3_600_000 });
  const { sid } = await calls.create({ to: CUSTOMER, from: SALON, twiml: "<Response/>" });
  const path = `/calls?to=${encodeURIComponent(CUSTOMER)}`;
  expect((await bench.admin("GET", path)).body).toMatchObject({ calls: [{ sid }] });
  expect(await calls.list()).toEqual([]);
});

test("tells of every event that was asked for", async () => {
  const { sink, calls } = await salon();
  await calls.create({
    to: CUSTOMER,
    from: SALON,
    twiml: "<Response><Say>Hi</Say></Response>",
    statusCallback: `${sink.url}/status`,
    statusCallbackEvent: ["initiated", "ringing", "answered", "completed"],
  });
  await until(() => sink.requests.length === 4);
  const told = sink.requests.map(({ parameters }) => parameters.CallStatus);
  expect(told.sort()).toEqual(["completed", "in-progress", "initiated", "ringing"]);
});

test("fails a call to a recipient with an async error, without a price", async () => {
  const { bench, sink, calls } = await salon();
  await bench.admin("POST", "/faults", {
    kind: "recipient",
    to: CUSTOMER,
    error_code: 13224,
    surface: "async",
  });
  const twiml = "<Response/>";
  const { sid } = await calls.create({
    to: CUSTOMER,
    from: SALON,
    twiml,
    statusCallback: `${sink.url}/status`,
  });
  await until(() => sink.requests.length === 1);
  expect(sink.requests[0]?.parameters).toMatchObject({ CallStatus: "failed", CallDuration: "0" });
  expect(await calls(sid).fetch()).toMatchObject({ status: "failed", price: null });
});

test.each([
  ["no To", { to: "", from: SALON, twiml: "<Response/>" }, 21201],
  ["a To that is no number", { to: "123", from: SALON, twiml: "<Response/>" }, 21211],
  ["no From", { to: CUSTOMER, from: "", twiml: "<Response/>" }, 21213],
  ["a From of somebody else", { to: CUSTOMER, from: "+14155550111", twiml: "<Response/>" }, 21210],
  ["nothing to say", { to: CUSTOMER, from: SALON, twiml: "" }, 21205],
  [
    "a bad status callback",
    { to: CUSTOMER, from: SALON, twiml: "<Response/>", statusCallback: "nowhere" },
    21609,
  ],
])("refuses a call with %s", async (_, wanted, code) => {
  const { calls } = await salon();
  await expect(calls.create(wanted)).rejects.toMatchObject({ status: 400, code });
});

test("lists calls by party, status and start", async () => {
  const { calls } = await salon();
  const { sid } = await calls.create({ to: CUSTOMER, from: SALON, twiml: "<Response/>" });
  await until(async () => (await calls(sid).fetch()).status === "completed");
  const hourAgo = new Date(Date.now() - 3_600_000);
  expect(await calls.list({ to: CUSTOMER, status: "completed", startTimeAfter: hourAgo })).toHaveLength(1);
  expect(await calls.list({ to: SALON })).toEqual([]);
  expect(await calls.list({ startTimeBefore: hourAgo })).toEqual([]);
});
