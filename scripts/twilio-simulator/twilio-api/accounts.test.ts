import { expect, test } from "vitest";
import { field, startBench } from "../testing/bench.ts";

const SALON = "+14155550123";

test("creates a subaccount with a token of its own", async () => {
  const bench = await startBench();
  const account = await bench.client().api.v2010.accounts.create({ friendlyName: "salon-7" });
  expect(account).toMatchObject({
    friendlyName: "salon-7",
    status: "active",
    type: "Full",
    ownerAccountSid: bench.main.accountSid,
  });
  expect(account.authToken).toMatch(/^[0-9a-f]{32}$/);
  expect(account.authToken).not.toBe(bench.main.authToken);
});

test("finds accounts by name and status, and the main account among all", async () => {
  const bench = await startBench();
  const { accounts } = bench.client().api.v2010;
  const twin = await accounts.create({ friendlyName: "salon-7" });
  await accounts.create({ friendlyName: "salon-7" });
  await accounts.create({ friendlyName: "salon-8" });
  await accounts(twin.sid).update({ status: "suspended" });
  expect(await accounts.list({ friendlyName: "salon-7" })).toHaveLength(2);
  expect(
    (await accounts.list({ friendlyName: "salon-7", status: "suspended" })).map(({ sid }) => sid),
  ).toEqual([twin.sid]);
  expect(await accounts.list()).toHaveLength(4);
});

test("stops at its limit of subaccounts, of which closed ones are none", async () => {
  const bench = await startBench({ subaccountLimit: 1 });
  const { accounts } = bench.client().api.v2010;
  const first = await accounts.create({});
  await expect(accounts.create({})).rejects.toMatchObject({ status: 400, code: 21480 });
  await accounts(first.sid).update({ status: "closed" });
  await expect(accounts.create({})).resolves.toMatchObject({ status: "active" });
});

test("gives a trial account one subaccount", async () => {
  const bench = await startBench();
  const { body } = await bench.admin("POST", "/accounts", { type: "Trial" });
  const trial = bench.client({
    accountSid: field(body, "account_sid"),
    authToken: field(body, "auth_token"),
  });
  await expect(trial.api.v2010.accounts.create({})).resolves.toMatchObject({ type: "Trial" });
  await expect(trial.api.v2010.accounts.create({})).rejects.toMatchObject({ code: 21480 });
});

test("lets only the parent change a subaccount", async () => {
  const bench = await startBench();
  const { sid, authToken } = await bench.client().api.v2010.accounts.create({});
  const itself = bench.client({ accountSid: sid, authToken });
  await expect(itself.api.v2010.accounts(sid).update({ status: "closed" })).rejects.toMatchObject({
    status: 401,
    code: 20003,
  });
  await expect(itself.api.v2010.accounts.create({})).rejects.toMatchObject({ status: 401, code: 20003 });
});

test("closes for good and gives the numbers up", async () => {
  const bench = await startBench();
  const client = bench.client();
  const { sid } = await client.api.v2010.accounts.create({});
  await bench.own(SALON, sid);
  await client.api.v2010.accounts(sid).update({ status: "closed" });
  await expect(client.api.v2010.accounts(sid).update({ status: "active" })).rejects.toMatchObject({
    code: 20001,
  });
  expect(await client.api.v2010.accounts(sid).incomingPhoneNumbers.list()).toEqual([]);
  await expect(client.incomingPhoneNumbers.create({ phoneNumber: SALON })).resolves.toMatchObject({
    phoneNumber: SALON,
  });
});

test("makes nothing new in an inactive subaccount, not even for the parent", async () => {
  const bench = await startBench();
  const client = bench.client();
  const { sid } = await client.api.v2010.accounts.create({});
  await bench.own(SALON, sid);
  await client.api.v2010.accounts(sid).update({ status: "suspended" });
  const sending = client.api.v2010
    .accounts(sid)
    .messages.create({ to: "+14155550199", from: SALON, body: "Hello" });
  await expect(sending).rejects.toMatchObject({ status: 403, code: 10001 });
});

test.each([{ Status: "sleeping" }, { FriendlyName: "x".repeat(65) }])("refuses %j", async (form) => {
  const bench = await startBench();
  const path = `/2010-04-01/Accounts/${bench.main.accountSid}.json`;
  expect(await bench.api("POST", path, form)).toMatchObject({ status: 400, body: { code: 20001 } });
});
