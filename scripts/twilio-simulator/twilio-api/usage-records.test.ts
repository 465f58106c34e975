import { expect, test } from "vitest";
import { at, startBench } from "../testing/bench.ts";
import { until } from "../testing/until.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";
const today = () => new Date().toISOString().slice(0, 10);

/** A parent that has bought a number, and a subaccount that has sent a message of two segments. */
async function used() {
  const bench = await startBench();
  const client = bench.client();
  const sub = await client.api.v2010.accounts.create({});
  const { sid } = await client.incomingPhoneNumbers.create({ phoneNumber: SALON });
  await client.incomingPhoneNumbers(sid).update({ accountSid: sub.sid });
  const subaccount = client.api.v2010.accounts(sub.sid);
  const message = await subaccount.messages.create({ to: CUSTOMER, from: SALON, body: "x".repeat(161) });
  await until(async () => (await subaccount.messages(message.sid).fetch()).price !== null);
  return { bench, records: client.usage.records, subRecords: subaccount.usage.records };
}

test("files a message under its category and every category above", async () => {
  const { subRecords } = await used();
  const records = await subRecords.list();
  const priceOf = (category: string) => String(records.find((record) => record.category === category)?.price);
  const filed = ["sms-outbound-longcode", "sms-outbound", "sms", "totalprice"].map(priceOf);
  expect(filed).toEqual(Array(4).fill("0.01580"));
  expect(priceOf("sms-inbound")).toBe("0.00000");
});

test("counts messages, and segments as usage", async () => {
  const { subRecords } = await used();
  const [record] = await subRecords.list({ category: "sms-outbound" });
  expect(record).toMatchObject({
    count: "1",
    countUnit: "messages",
    usage: "2",
    usageUnit: "segments",
    priceUnit: "usd",
  });
});

test("counts subaccounts in with their parent unless it asks otherwise", async () => {
  const { records } = await used();
  const [all] = await records.list({ category: "sms-outbound" });
  const [own] = await records.list({ category: "sms-outbound", includeSubaccounts: false });
  expect([all?.count, own?.count]).toEqual(["1", "0"]);
});

test("bills a number to the account that bought it", async () => {
  const { records } = await used();
  const [record] = await records.list({ category: "phonenumbers", includeSubaccounts: false });
  expect([record?.count, String(record?.price)]).toEqual(["1", "1.15000"]);
});

test("splits days, months and years within the dates asked for, newest first", async () => {
  const { bench } = await used();
  const path = `/2010-04-01/Accounts/${bench.main.accountSid}/Usage/Records`;
  const periods = async (kind: string) => {
    const { body } = await bench.api(
      "GET",
      `${path}/${kind}.json?Category=sms&StartDate=2025-12-30&EndDate=2026-01-02`,
    );
    return [0, 1, 2, 3, 4].flatMap((index) => at(body, "usage_records", index, "start_date") ?? []);
  };
  expect(await periods("Daily")).toEqual(["2026-01-02", "2026-01-01", "2025-12-31", "2025-12-30"]);
  expect(await periods("Monthly")).toEqual(["2026-01-01", "2025-12-30"]);
  expect(await periods("Yearly")).toEqual(["2026-01-01", "2025-12-30"]);
});

test("knows today, yesterday, this month and the last", async () => {
  const { records } = await used();
  const category = "sms-outbound";
  const day = today();
  expect(await records.today.list({ category })).toMatchObject([{ count: "1" }]);
  expect(await records.yesterday.list({ category })).toMatchObject([{ count: "0" }]);
  const [month] = await records.thisMonth.list({ category });
  expect(month?.startDate.toISOString().slice(0, 10)).toBe(`${day.slice(0, 7)}-01`);
  expect(await records.lastMonth.list({ category })).toMatchObject([{ count: "0" }]);
});

test("pages through many days", async () => {
  const { bench } = await used();
  const path = `/2010-04-01/Accounts/${bench.main.accountSid}/Usage/Records/Daily.json`;
  const { body } = await bench.api("GET", `${path}?Category=sms&StartDate=-99days&PageSize=60`);
  expect(at(body, "usage_records")).toHaveLength(60);
  const next = await bench.api("GET", String(at(body, "next_page_uri")));
  expect(at(next.body, "usage_records")).toHaveLength(40);
});

test.each(["StartDate=soon", "StartDate=2026-13-45"])("refuses %s", async (query) => {
  const { bench } = await used();
  const path = `/2010-04-01/Accounts/${bench.main.accountSid}/Usage/Records.json`;
  expect(await bench.api("GET", `${path}?${query}`)).toMatchObject({ status: 400, body: { code: 20001 } });
});
