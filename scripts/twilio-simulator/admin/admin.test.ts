import { expect, test } from "vitest";
import { at, field, startBench } from "../testing/bench.ts";
import { until } from "../testing/until.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

test("is healthy", async () => {
  const bench = await startBench();
  expect(await bench.admin("GET", "/health")).toMatchObject({ status: 200, body: { status: "ok" } });
});

test("opens a further main account with the credentials that are wanted", async () => {
  const bench = await startBench();
  const wanted = { account_sid: `AC${"1".repeat(32)}`, auth_token: "own-token", friendly_name: "Own salon" };
  const created = await bench.admin("POST", "/accounts", wanted);
  expect(created).toMatchObject({
    status: 201,
    body: { ...wanted, owner_account_sid: wanted.account_sid, type: "Full" },
  });
  const own = bench.client({ accountSid: wanted.account_sid, authToken: wanted.auth_token });
  expect(await own.api.v2010.accounts(wanted.account_sid).fetch()).toMatchObject({
    friendlyName: "Own salon",
  });
  expect(at((await bench.admin("GET", "/accounts")).body, "accounts")).toHaveLength(2);
  expect(await bench.admin("POST", "/accounts", wanted)).toMatchObject({
    status: 409,
    body: { field: "account_sid" },
  });
});

test.each([
  ["/accounts", { type: "Free" }, "type"],
  ["/accounts", { account_sid: "AC1" }, "account_sid"],
  ["/accounts", { name: "x" }, "name"],
  ["/numbers", { phone_number: SALON }, "account_sid"],
  ["/numbers", { account_sid: "AC1", phone_number: SALON }, "account_sid"],
  ["/numbers", { account_sid: "AC1", phone_number: "123" }, "phone_number"],
  ["/inbound-messages", { to: SALON, from: "anonymous" }, "from"],
  ["/inbound-messages", { to: SALON, from: CUSTOMER, copies: 0 }, "copies"],
  ["/inbound-messages", { to: SALON, from: CUSTOMER }, "to"],
  ["/inbound-calls", { to: SALON, from: CUSTOMER, digits: ["one"] }, "digits.0"],
  ["/inbound-calls", { to: SALON, from: CUSTOMER }, "to"],
])("refuses POST %s with %j and names the field", async (path, value, name) => {
  const bench = await startBench();
  const answer = await bench.admin("POST", path, value);
  expect(answer).toMatchObject({ status: 400, body: { field: name } });
  expect(field(answer.body, "message")).toContain(name);
});

test("refuses a body that is no JSON", async () => {
  const bench = await startBench();
  const response = await fetch(`${bench.url}/simulator/accounts`, { method: "POST", body: "{" });
  expect([response.status, await response.json()]).toEqual([
    400,
    { field: "body", message: "The body must be JSON." },
  ]);
});

test("answers an unknown path under /simulator as Twilio would", async () => {
  const bench = await startBench();
  expect(await bench.admin("GET", "/weather")).toMatchObject({ status: 404, body: { code: 20404 } });
});

test("turns away a web page from elsewhere that reaches for the loopback address", async () => {
  const bench = await startBench();
  const from = (headers: Record<string, string>) => fetch(`${bench.url}/simulator/accounts`, { headers });
  expect((await from({ origin: "https://evil.example" })).status).toBe(403);
  expect((await from({ origin: bench.url })).status).toBe(200);
});

test("takes a number once, with the abilities it is given", async () => {
  const bench = await startBench();
  const wanted = {
    account_sid: bench.main.accountSid,
    phone_number: "+919876543210",
    capabilities: { sms: false },
  };
  const { status, body } = await bench.admin("POST", "/numbers", wanted);
  expect(status).toBe(201);
  expect(body).toMatchObject({ iso_country: "IN", capabilities: { sms: false, voice: true } });
  expect((await bench.admin("POST", "/numbers", wanted)).status).toBe(409);
});

test("shows the true messages of all accounts, whatever lists show", async () => {
  const bench = await startBench();
  await bench.own(SALON);
  await bench.admin("POST", "/faults", { kind: "list_lag", ms: 3_600_000 });
  await bench.client().messages.create({ to: CUSTOMER, from: SALON, body: "Hello" });
  const seen = async (query: string) => at((await bench.admin("GET", `/messages?${query}`)).body, "messages");
  expect(await bench.client().messages.list()).toEqual([]);
  expect(await seen(`to=${encodeURIComponent(CUSTOMER)}`)).toHaveLength(1);
  expect(await seen(`account_sid=${bench.main.accountSid}&from=${encodeURIComponent(SALON)}`)).toHaveLength(
    1,
  );
  expect(await seen("to=nobody")).toHaveLength(0);
});

test("counts requests by method and template path, and by account", async () => {
  const bench = await startBench();
  const sub = await bench.client().api.v2010.accounts.create({});
  const subaccount = bench.client({ accountSid: sub.sid, authToken: sub.authToken });
  await bench.client().messages.list();
  await subaccount.messages.list();
  await subaccount.messages.list();
  const { body } = await bench.admin("GET", "/requests");
  expect(at(body, "requests", 1)).toEqual({
    method: "GET",
    path: "/2010-04-01/Accounts/{AccountSid}/Messages.json",
    count: 3,
    accounts: { [bench.main.accountSid]: 1, [sub.sid]: 2 },
  });
});

test("resets to one main account with its first credentials, and forgets faults and what was to come", async () => {
  const bench = await startBench({ stageMs: 200 });
  await bench.own(SALON);
  const sink = await bench.sink();
  await bench.client().accounts.v1.secondaryAuthToken().create();
  await bench.client().accounts.v1.authTokenPromotion().update();
  const { authToken } = await until(async () => {
    const token = field((await bench.admin("GET", "/accounts")).body, "accounts", 0, "auth_token");
    return token !== bench.main.authToken && { authToken: token };
  });
  const rotated = bench.client({ ...bench.main, authToken });
  const first = await rotated.messages.create({
    to: CUSTOMER,
    from: SALON,
    body: "x",
    statusCallback: `${sink.url}/s`,
  });
  await bench.admin("POST", "/faults", { kind: "reset" });

  expect((await bench.admin("POST", "/reset")).status).toBe(204);
  expect(await bench.client().messages.list()).toEqual([]);
  expect(await bench.client().incomingPhoneNumbers.list()).toEqual([]);
  await bench.own(SALON);
  const second = await bench.client().messages.create({ to: CUSTOMER, from: SALON, body: "x" });
  expect(second.sid).not.toBe(first.sid);
  await until(async () => (await bench.client().messages(second.sid).fetch()).status === "delivered");
  expect(sink.requests).toEqual([]);
});

test("serves the handset as one page that needs nothing from elsewhere", async () => {
  const bench = await startBench();
  const { status, headers, body } = await bench.admin("GET", "/handset");
  expect([status, headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
  expect(String(body)).toContain('<html lang="en">');
  expect(String(body)).not.toMatch(/(src|href)="(?!data:)/);
});

test("closes at once, although webhooks and requests are under way", async () => {
  const bench = await startBench();
  const sid = await bench.own(SALON);
  const sink = await bench.sink();
  sink.reply(() => ({ delayMs: 2000 }));
  await bench
    .client()
    .incomingPhoneNumbers(sid)
    .update({ smsUrl: `${sink.url}/slow` });
  const writing = bench
    .admin("POST", "/inbound-messages", { to: SALON, from: CUSTOMER, body: "x" })
    .catch(() => "cut off");
  await until(() => sink.requests.length === 1);
  const began = performance.now();
  await bench.simulator.close();
  expect(performance.now() - began).toBeLessThan(500);
  expect(await writing).toBe("cut off");
});
