import { expect, test } from "vitest";
import { createRandom } from "../random.ts";
import { at, field, startBench } from "../testing/bench.ts";
import { until } from "../testing/until.ts";
import { FaultOrder } from "./fault.ts";
import { createFaults } from "./faults.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

async function withFault(fault: Record<string, unknown>) {
  const bench = await startBench();
  await bench.own(SALON);
  const { body } = await bench.admin("POST", "/faults", fault);
  const messages = `/2010-04-01/Accounts/${bench.main.accountSid}/Messages.json`;
  const send = () => bench.api("POST", messages, { To: CUSTOMER, From: SALON, Body: "Hello" });
  const existing = async () => at((await bench.admin("GET", "/messages")).body, "messages");
  return { bench, id: field(body, "id"), messages, send, existing };
}

test("answers an HTTP error before Twilio acts: there is no message", async () => {
  const { send, existing } = await withFault({ kind: "http_error", status: 429, match: { method: "post" } });
  expect(await send()).toMatchObject({ status: 429, body: { code: 20429, status: 429 } });
  expect(await existing()).toEqual([]);
});

test("answers an HTTP error after Twilio acted: the message exists and its callbacks go out", async () => {
  const { bench, messages, existing } = await withFault({ kind: "http_error", status: 503, when: "after" });
  const sink = await bench.sink();
  const form = { To: CUSTOMER, From: SALON, Body: "Hello", StatusCallback: `${sink.url}/status` };
  expect(await bench.api("POST", messages, form)).toMatchObject({ status: 503, body: { code: 20503 } });
  expect(await existing()).toHaveLength(1);
  await until(() => sink.requests.length === 2);
});

test("answers a gateway's page, which carries no code", async () => {
  const { bench } = await withFault({ kind: "http_error", status: 502, as: "html" });
  const sending = bench.client().messages.create({ to: CUSTOMER, from: SALON, body: "Hello" });
  const refusal = await sending.catch((error: unknown) => error);
  expect(refusal).toMatchObject({ status: 502 });
  expect(refusal).not.toHaveProperty("code");
});

test("answers the code and the sentence that the engineer wants", async () => {
  const { send } = await withFault({
    kind: "http_error",
    status: 400,
    code: 21408,
    message: "No permission",
  });
  expect(await send()).toMatchObject({
    status: 400,
    body: { code: 21408, message: "No permission", more_info: "https://www.twilio.com/docs/errors/21408" },
  });
});

test.each([
  ["before", 0],
  ["after", 1],
])("destroys the connection %s acting", async (when, messages) => {
  const { send, existing } = await withFault({ kind: "reset", when });
  await expect(send()).rejects.toThrow("fetch failed");
  expect(await existing()).toHaveLength(messages);
});

test.each([
  ["before", 0],
  ["after", 1],
])("never answers until the client gives up, %s acting", async (when, messages) => {
  const {
    bench,
    messages: path,
    existing,
  } = await withFault({ kind: "timeout", when, match: { path: "Messages" } });
  const authorization = `Basic ${Buffer.from(`${bench.main.accountSid}:${bench.main.authToken}`).toString("base64")}`;
  const body = new URLSearchParams({ To: CUSTOMER, From: SALON, Body: "Hello" });
  const patience = new AbortController();
  const asking = fetch(bench.url + path, {
    method: "POST",
    headers: { authorization },
    body,
    signal: patience.signal,
  });
  const outcome = asking.then(String, String);
  await until(async () => field((await bench.admin("GET", "/faults")).body, "faults", 0, "struck") === "1");
  expect(await existing()).toHaveLength(messages);
  patience.abort();
  expect(await outcome).toContain("AbortError");
});

test("closes the connection after the given time when a timeout names one", async () => {
  const { send } = await withFault({ kind: "timeout", ms: 30 });
  await expect(send()).rejects.toThrow("fetch failed");
});

test("slows requests down", async () => {
  const { send } = await withFault({ kind: "latency", ms: 60, jitter_ms: 10 });
  const began = performance.now();
  await send();
  expect(performance.now() - began).toBeGreaterThan(55);
});

test("hides a new message from lists, though not from those who know its SID", async () => {
  const { bench, send } = await withFault({ kind: "list_lag", ms: 3_600_000 });
  const sid = field((await send()).body, "sid");
  expect(await bench.client().messages.list()).toEqual([]);
  expect(await bench.client().messages(sid).fetch()).toMatchObject({ sid });
});

test("shows a message in lists when the lag is over", async () => {
  const { bench, send } = await withFault({ kind: "list_lag", ms: 50 });
  await send();
  await until(async () => (await bench.client().messages.list()).length === 1);
});

test("strikes as often as it was told to", async () => {
  const { bench, send } = await withFault({ kind: "http_error", status: 500, times: 2 });
  const statuses = [];
  for (let round = 0; round < 3; round += 1) statuses.push((await send()).status);
  expect(statuses).toEqual([500, 500, 201]);
  expect(field((await bench.admin("GET", "/faults")).body, "faults", 0, "struck")).toBe("2");
});

test.each([
  { match: { method: "GET" } },
  { match: { path: "/Calls" } },
  { match: { to: "+14155550100" } },
  { match: { account_sid: `AC${"0".repeat(32)}` } },
])("spares a request that %j does not fit", async ({ match }) => {
  const { send } = await withFault({ kind: "http_error", status: 500, match });
  expect((await send()).status).toBe(201);
});

test("strikes a request that fits in every way", async () => {
  const { send } = await withFault({
    kind: "http_error",
    status: 500,
    match: { method: "POST", path: "/Messages\\.json$", to: CUSTOMER },
  });
  expect((await send()).status).toBe(500);
});

test("is over when it is removed, alone or with all the others", async () => {
  const { bench, id, send } = await withFault({ kind: "http_error", status: 500 });
  expect((await bench.admin("DELETE", `/faults/${id}`)).status).toBe(204);
  expect((await send()).status).toBe(201);
  expect((await bench.admin("DELETE", `/faults/${id}`)).status).toBe(404);
  await bench.admin("POST", "/faults", { kind: "reset" });
  expect((await bench.admin("DELETE", "/faults")).status).toBe(204);
  expect((await send()).status).toBe(201);
});

test("throws its coins by the seed: as often as asked, and the same each time", () => {
  const strikes = () => {
    const faults = createFaults(createRandom(5, "faults"));
    faults.add(FaultOrder.parse({ kind: "reset", probability: 0.3 }));
    return Array.from({ length: 1000 }, () => faults.strike(["reset"], { accountSids: [] }) !== undefined);
  };
  const struck = strikes().filter(Boolean).length;
  expect(struck).toBeGreaterThan(240);
  expect(struck).toBeLessThan(360);
  expect(strikes()).toEqual(strikes());
});

test.each([
  [{ kind: "latency" }, "ms"],
  [{ kind: "http_error", status: 200 }, "status"],
  [{ kind: "storm" }, "kind"],
  [{ kind: "reset", match: { path: "(" } }, "match.path"],
  [{ kind: "reset", wen: "after" }, "wen"],
])("refuses %j and names the field", async (order, name) => {
  const bench = await startBench();
  expect(await bench.admin("POST", "/faults", order)).toMatchObject({ status: 400, body: { field: name } });
});
