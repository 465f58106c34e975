import { expect, test } from "vitest";
import { at, field, startBench } from "./testing/bench.ts";
import { until } from "./testing/until.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

test("carries a message from queued to delivered and tells the application of every step but the first", async () => {
  const bench = await startBench();
  await bench.own(SALON);
  const sink = await bench.sink();
  const message = await bench.client().messages.create({
    to: CUSTOMER,
    from: SALON,
    body: "See you at 5",
    statusCallback: `${sink.url}/status?salon=7`,
  });
  expect(message).toMatchObject({
    status: "queued",
    numSegments: "1",
    price: null,
    direction: "outbound-api",
  });
  await until(() => sink.requests.length === 2);
  expect(sink.requests.map(({ parameters }) => parameters.MessageStatus)).toEqual(["sent", "delivered"]);
  expect(sink.requests[0]?.parameters).toMatchObject({
    MessageSid: message.sid,
    AccountSid: bench.main.accountSid,
  });
});

test("prices a message after it is delivered, as a negative string", async () => {
  const bench = await startBench();
  await bench.own(SALON);
  const { sid } = await bench.client().messages.create({ to: CUSTOMER, from: SALON, body: "See you at 5" });
  const price = await until(async () => (await bench.client().messages(sid).fetch()).price ?? undefined);
  expect(price).toBe("-0.00790");
});

test("delivers an inbound message to the number's webhook", async () => {
  const bench = await startBench();
  const sid = await bench.own(SALON);
  const sink = await bench.sink();
  await bench
    .client()
    .incomingPhoneNumbers(sid)
    .update({ smsUrl: `${sink.url}/in` });
  const { body } = await bench.admin("POST", "/inbound-messages", {
    to: SALON,
    from: CUSTOMER,
    body: "Hello",
    copies: 3,
  });
  expect(at(body, "deliveries")).toHaveLength(3);
  expect(sink.requests.map(({ parameters }) => parameters.MessageSid)).toEqual(
    Array(3).fill(field(body, "message_sid")),
  );
});

test("plays a call through a menu and reports its end", async () => {
  const bench = await startBench();
  const sid = await bench.own(SALON);
  const sink = await bench.sink();
  sink.reply(({ path, parameters }) => {
    if (path === "/voice")
      return {
        body: `<Response><Gather numDigits="1" action="/menu"><Say>Press 1 &amp; wait</Say></Gather></Response>`,
      };
    if (path === "/menu")
      return { body: `<Response><Say>You pressed ${parameters.Digits}</Say><Hangup/></Response>` };
    return {};
  });
  await bench
    .client()
    .incomingPhoneNumbers(sid)
    .update({ voiceUrl: `${sink.url}/voice`, statusCallback: `${sink.url}/done` });
  const { body } = await bench.admin("POST", "/inbound-calls", {
    to: SALON,
    from: CUSTOMER,
    digits: ["1"],
    duration_seconds: 61,
  });
  expect(at(body, "steps", 0, "said")).toEqual(["Press 1 & wait"]);
  expect(at(body, "steps", 1, "said")).toEqual(["You pressed 1"]);
  expect(at(body, "status_callback_status")).toBe(200);
  expect(sink.requests.at(-1)?.parameters).toMatchObject({
    CallStatus: "completed",
    CallDuration: "61",
    Duration: "2",
  });
});

test("repeats a run for the same seed: the same SIDs, whatever chance the faults take", async () => {
  const run = async (fault?: Record<string, unknown>) => {
    const bench = await startBench({ seed: 42 });
    if (fault !== undefined) await bench.admin("POST", "/faults", fault);
    const number = await bench.own(SALON);
    const { sid } = await bench.client().messages.create({ to: CUSTOMER, from: SALON, body: "x" });
    return [bench.main.accountSid, number, sid];
  };
  expect(await run({ kind: "latency", ms: 0, jitter_ms: 2, probability: 0.5 })).toEqual(await run());
});
