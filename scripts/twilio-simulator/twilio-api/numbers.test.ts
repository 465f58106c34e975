import { expect, test } from "vitest";
import { type Bench, field, startBench } from "../testing/bench.ts";

const SALON = "+14155550123";

const offers = async (bench: Bench, path: string) =>
  bench.api("GET", `/2010-04-01/Accounts/${bench.main.accountSid}/AvailablePhoneNumbers/${path}`);

test("offers the same numbers every time, and no longer those that are sold", async () => {
  const bench = await startBench();
  const client = bench.client();
  const search = () => client.availablePhoneNumbers("US").local.list({ limit: 20 });
  const first = await search();
  expect(first).toEqual(await search());
  const sold = first[0]?.phoneNumber ?? "";
  await client.incomingPhoneNumbers.create({ phoneNumber: sold });
  expect((await search()).map(({ phoneNumber }) => phoneNumber)).not.toContain(sold);
});

test("filters by capability, area code and pattern", async () => {
  const bench = await startBench();
  const local = bench.client().availablePhoneNumbers("US").local;
  const inSeattle = await local.list({ areaCode: 206, limit: 5 });
  expect(
    inSeattle.every(({ phoneNumber, locality }) => phoneNumber.startsWith("+1206") && locality === "Seattle"),
  ).toBe(true);
  const patterned = await local.list({ contains: "415***0177", limit: 5 });
  expect(patterned.map(({ phoneNumber }) => phoneNumber)).toEqual(["+14155550177"]);
  expect(
    await bench.client().availablePhoneNumbers("IN").tollFree.list({ smsEnabled: true, limit: 5 }),
  ).toEqual([]);
  expect(
    await bench.client().availablePhoneNumbers("IN").tollFree.list({ voiceEnabled: true, limit: 5 }),
  ).toHaveLength(5);
});

test.each(["US/Mobile.json", "IN/Local.json", "IN/Mobile.json", "ZZ/Local.json", "US/Carrots.json"])(
  "sells nothing under %s: 20404",
  async (path) => {
    expect(await offers(await startBench(), path)).toMatchObject({ status: 404, body: { code: 20404 } });
  },
);

test.each(["PageSize=many", "PageSize=0", "Contains=1", "Contains=%C3%A4%C3%B6"])(
  "refuses a search with %s",
  async (query) => {
    expect(await offers(await startBench(), `US/Local.json?${query}`)).toMatchObject({
      status: 400,
      body: { code: 20001 },
    });
  },
);

test("buys a number with its settings, once", async () => {
  const bench = await startBench();
  const client = bench.client();
  const number = await client.incomingPhoneNumbers.create({
    phoneNumber: SALON,
    smsUrl: "https://example.com/sms",
  });
  expect(number).toMatchObject({
    phoneNumber: SALON,
    smsUrl: "https://example.com/sms",
    smsMethod: "POST",
    voiceUrl: null,
  });
  expect(number.capabilities).toMatchObject({ sms: true, voice: true, mms: true });
  await expect(client.incomingPhoneNumbers.create({ phoneNumber: SALON })).rejects.toMatchObject({
    status: 400,
    code: 21422,
  });
});

test("lets one of two simultaneous buyers have the number", async () => {
  const bench = await startBench();
  const buy = () => bench.client().incomingPhoneNumbers.create({ phoneNumber: SALON });
  const outcomes = await Promise.allSettled([buy(), buy(), buy()]);
  expect(outcomes.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
});

test.each([
  [{ PhoneNumber: "12345" }, 21421],
  [{ PhoneNumber: "+15005550006" }, 21422],
  [{}, 21450],
  [{ AreaCode: "999" }, 21452],
  [{ PhoneNumber: SALON, SmsUrl: "not a url" }, 21402],
  [{ PhoneNumber: SALON, SmsMethod: "PATCH" }, 21403],
])("refuses to sell for %j with %i", async (form, code) => {
  const bench = await startBench();
  const path = `/2010-04-01/Accounts/${bench.main.accountSid}/IncomingPhoneNumbers.json`;
  expect(await bench.api("POST", path, form)).toMatchObject({ status: 400, body: { code } });
});

test("finds a number by area code", async () => {
  const bench = await startBench();
  const number = await bench.client().incomingPhoneNumbers.create({ areaCode: "212" });
  expect(number.phoneNumber).toMatch(/^\+1212/);
});

test("sells nothing to a trial account", async () => {
  const bench = await startBench();
  const { body } = await bench.admin("POST", "/accounts", { type: "Trial" });
  const trial = bench.client({
    accountSid: field(body, "account_sid"),
    authToken: field(body, "auth_token"),
  });
  await expect(trial.incomingPhoneNumbers.create({ phoneNumber: SALON })).rejects.toMatchObject({
    code: 21404,
  });
});

test("changes what is sent, clears what is sent empty and leaves the rest", async () => {
  const bench = await startBench();
  const sid = await bench.own(SALON);
  const number = () => bench.client().incomingPhoneNumbers(sid);
  const application = `AP${"0".repeat(32)}`;
  await number().update({
    smsUrl: "https://example.com/a",
    voiceUrl: "https://example.com/b",
    smsApplicationSid: application,
  });
  const changed = await number().update({ smsUrl: "", smsApplicationSid: "", friendlyName: "Front desk" });
  expect(changed).toMatchObject({
    smsUrl: "",
    smsApplicationSid: null,
    voiceUrl: "https://example.com/b",
    friendlyName: "Front desk",
  });
});

test("finds owned numbers by number and by name, page by page", async () => {
  const bench = await startBench();
  const numbers = ["+14155550101", "+14155550102", "+14155550103"];
  for (const number of numbers) await bench.own(number);
  const { incomingPhoneNumbers } = bench.client();
  expect((await incomingPhoneNumbers.list({ pageSize: 2 })).map(({ phoneNumber }) => phoneNumber)).toEqual(
    numbers,
  );
  expect(await incomingPhoneNumbers.list({ phoneNumber: "+14155550102" })).toHaveLength(1);
  expect(await incomingPhoneNumbers.list({ friendlyName: "+14155550103" })).toHaveLength(1);
});

test("moves a number within the family with the main account's credentials, keeping its SID", async () => {
  const bench = await startBench();
  const sid = await bench.own(SALON);
  const sub = await bench.client().api.v2010.accounts.create({});
  const moved = await bench.client().incomingPhoneNumbers(sid).update({ accountSid: sub.sid });
  expect(moved).toMatchObject({ sid, accountSid: sub.sid });
  await expect(bench.client().incomingPhoneNumbers(sid).fetch()).rejects.toMatchObject({ code: 20404 });
  const itself = bench.client({ accountSid: sub.sid, authToken: sub.authToken });
  const back = itself.incomingPhoneNumbers(sid).update({ accountSid: bench.main.accountSid });
  await expect(back).rejects.toMatchObject({ status: 401, code: 20003 });
});

test("does not move a number to another family", async () => {
  const bench = await startBench();
  const sid = await bench.own(SALON);
  const stranger = field((await bench.admin("POST", "/accounts", {})).body, "account_sid");
  await expect(
    bench.client().incomingPhoneNumbers(sid).update({ accountSid: stranger }),
  ).rejects.toMatchObject({ code: 20001 });
});

test("releases a number", async () => {
  const bench = await startBench();
  const sid = await bench.own(SALON);
  expect(await bench.client().incomingPhoneNumbers(sid).remove()).toBe(true);
  await expect(bench.client().incomingPhoneNumbers(sid).fetch()).rejects.toMatchObject({
    status: 404,
    code: 20404,
  });
});
