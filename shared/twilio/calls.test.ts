import { afterAll, beforeAll, expect, test } from "vitest";
import { type SimulatedTwilio, startSimulatedTwilio } from "#scripts/testing/simulated-twilio.ts";
import { until } from "#scripts/twilio-simulator/testing/until.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio, type TwilioAccount } from "./account.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";
const NOWHERE = "http://127.0.0.1:9";
const CALL = {
  to: CUSTOMER,
  from: SALON,
  url: `${NOWHERE}/voice`,
  statusCallback: `${NOWHERE}/status`,
  ringSeconds: 30,
  limitSeconds: 300,
};
const EVER = new Date(0);

let simulator: SimulatedTwilio;
let account: TwilioAccount;
beforeAll(async () => {
  simulator = await startSimulatedTwilio();
  const { accountSid, authToken } = simulator.main;
  account = createTwilio({ apiBaseUrl: simulator.url }).account({
    accountSid,
    authToken: new Secret(authToken),
  });
  await simulator.giveNumber(accountSid, SALON);
});
afterAll(() => simulator.stop());

test("a call is made, and found again by its SID with its end and length", async () => {
  const placed = await account.createCall(CALL);
  expect(placed).toMatchObject({ to: CUSTOMER, from: SALON, status: "queued", isRequested: true });
  expect(placed.durationSeconds).toBeUndefined();
  const ended = await until(async () => {
    const call = await account.fetchCall(placed.sid);
    return call?.status === "completed" && call;
  });
  expect(ended.durationSeconds).toBe(30);
});

test("a call that Twilio does not have is undefined", async () => {
  expect(await account.fetchCall(`CA${"0".repeat(32)}`)).toBeUndefined();
});

test("calls are listed by their numbers and from a moment on, the newest first", async () => {
  const other = "+14155550188";
  const filter = { to: other, from: SALON, createdAfter: EVER, limit: 10 };
  expect(await account.listCalls(filter)).toEqual([]);
  const first = await account.createCall({ ...CALL, to: other });
  const second = await account.createCall({ ...CALL, to: other });
  const listed = (await account.listCalls(filter)).map(({ sid }) => sid);
  expect(listed.toSorted()).toEqual([first.sid, second.sid].toSorted());
  expect(await account.listCalls({ ...filter, from: CUSTOMER })).toEqual([]);
  expect(await account.listCalls({ ...filter, createdAfter: new Date(Date.now() + 60_000) })).toEqual([]);
});

test("what a customer began is not taken for a call that was asked for", async () => {
  await simulator.call({ to: SALON, from: CUSTOMER });
  const inbound = await account.listCalls({ to: SALON, from: CUSTOMER, createdAfter: EVER, limit: 10 });
  expect(inbound.map(({ isRequested }) => isRequested)).toEqual([false]);
});

test("a refusal carries its code, and never the number", async () => {
  const refused = await account.createCall({ ...CALL, to: "+1415" }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ info: { certainty: "rejected", class: "recipient", code: 21211 } });
  expect(JSON.stringify(refused)).not.toContain("+1415");
});
