import { expect, test } from "vitest";
import { type Answered, at, field, startBench } from "../testing/bench.ts";
import { until } from "../testing/until.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";

async function salon(options = {}) {
  const bench = await startBench(options);
  await bench.own(SALON);
  const path = `/2010-04-01/Accounts/${bench.main.accountSid}/Messages.json`;
  const send = (form: Record<string, string>): Promise<Answered> => bench.api("POST", path, form);
  return { bench, path, send };
}

const good = { To: CUSTOMER, From: SALON, Body: "Hello" };

test.each([
  ["no To", { To: "" }, 21604],
  ["a To that is no number", { To: "12345" }, 21211],
  ["no body", { Body: "" }, 21602],
  ["a body of 1601 characters", { Body: "x".repeat(1601) }, 21617],
  ["no From", { From: "" }, 21603],
  ["a From that the account does not own", { From: "+14155550111" }, 21660],
  ["a From that is no sender at all", { From: "a sender with too long a name" }, 21212],
  ["an alphanumeric sender to North America", { From: "SALON" }, 21612],
  ["a WhatsApp To with a plain From", { To: `whatsapp:${CUSTOMER}` }, 21212],
  ["a WhatsApp From that is no sender", { To: `whatsapp:${CUSTOMER}`, From: `whatsapp:${SALON}` }, 63007],
  ["a status callback that is no URL", { StatusCallback: "nowhere" }, 21609],
  [
    "a status callback with an underscore in its host",
    { StatusCallback: "https://my_app.example.com/" },
    21609,
  ],
  ["a validity of eleven hours", { ValidityPeriod: "39600" }, 21624],
  ["a bad template", { Body: "", ContentSid: "HX1" }, 21655],
  ["a template that the account does not have", { Body: "", ContentSid: `HX${"0".repeat(32)}` }, 21655],
  ["a bad Messaging Service", { MessagingServiceSid: "MG1" }, 21701],
  [
    "a schedule without a Messaging Service",
    { ScheduleType: "fixed", SendAt: "2030-01-01T00:00:00Z" },
    35118,
  ],
])("refuses a message with %s", async (_, change, code) => {
  const { bench, send } = await salon();
  expect(await send({ ...good, ...change })).toMatchObject({ status: 400, body: { code, status: 400 } });
  expect(at((await bench.admin("GET", "/messages")).body, "messages")).toEqual([]);
});

test("refuses a number that cannot text", async () => {
  const { bench, send } = await salon();
  await bench.own("+14155550124", bench.main.accountSid, { capabilities: { sms: false } });
  expect(await send({ ...good, From: "+14155550124" })).toMatchObject({ status: 400, body: { code: 21606 } });
});

test("refuses a number of another account of the family: it is a mismatch", async () => {
  const { bench, send } = await salon();
  const sub = await bench.client().api.v2010.accounts.create({});
  await bench.own("+14155550124", sub.sid);
  expect(await send({ ...good, From: "+14155550124" })).toMatchObject({ body: { code: 21660 } });
});

test.each([
  ["160 plain characters", "x".repeat(160), "1"],
  ["161 plain characters", "x".repeat(161), "2"],
  ["81 euro signs, two septets each", "€".repeat(81), "2"],
  ["70 characters with a rupee sign", `₹${"x".repeat(69)}`, "1"],
  ["71 characters with a rupee sign", `₹${"x".repeat(70)}`, "2"],
])("counts the segments of %s as Twilio does", async (_, body, segments) => {
  const { send } = await salon();
  expect(field((await send({ ...good, Body: body })).body, "num_segments")).toBe(segments);
});

test("sends from an alphanumeric sender where the country allows it", async () => {
  const { send } = await salon();
  expect((await send({ ...good, To: "+919876543210", From: "SALON" })).status).toBe(201);
});

test("accepts for a Messaging Service without knowing sender and segments yet", async () => {
  const { bench, send } = await salon();
  const sink = await bench.sink();
  const { body } = await send({
    To: CUSTOMER,
    MessagingServiceSid: `MG${"0".repeat(32)}`,
    Body: "Hello",
    StatusCallback: `${sink.url}/status`,
  });
  expect(body).toMatchObject({ status: "accepted", num_segments: "0", from: null });
  await until(() => sink.requests.length === 3);
  expect(sink.requests.map(({ parameters }) => parameters.MessageStatus)).toEqual([
    "queued",
    "sent",
    "delivered",
  ]);
  expect(await bench.client().messages(field(body, "sid")).fetch()).toMatchObject({
    from: SALON,
    numSegments: "1",
  });
});

test("keeps a scheduled message until its time, and cancels it for good", async () => {
  const { bench, send } = await salon();
  const sink = await bench.sink();
  const { body } = await send({
    To: CUSTOMER,
    MessagingServiceSid: `MG${"0".repeat(32)}`,
    Body: "Tomorrow at 5",
    ScheduleType: "fixed",
    SendAt: new Date(Date.now() + 3_600_000).toISOString(),
    StatusCallback: `${sink.url}/status`,
  });
  const sid = field(body, "sid");
  expect(field(body, "status")).toBe("scheduled");
  expect(await bench.client().messages(sid).update({ status: "canceled" })).toMatchObject({
    status: "canceled",
  });
  await until(() => sink.requests.length === 1);
  await expect(bench.client().messages(sid).update({ status: "canceled" })).rejects.toMatchObject({
    code: 30409,
  });
});

test("has no date_sent until it is sent", async () => {
  const { bench, send } = await salon();
  const { body } = await send(good);
  expect(at(body, "date_sent")).toBeNull();
  await until(async () => (await bench.client().messages(field(body, "sid")).fetch()).dateSent !== null);
});

test("neither redacts nor deletes a message that is not finished", async () => {
  const { bench, send } = await salon({ stageMs: 3_600_000 });
  const message = bench.client().messages(field((await send(good)).body, "sid"));
  await expect(message.update({ body: "" })).rejects.toMatchObject({ code: 20009 });
  await expect(message.remove()).rejects.toMatchObject({ status: 409, code: 20009 });
});

test("redacts a finished message, which is all the change its body can have", async () => {
  const { bench, send } = await salon();
  const message = bench.client().messages(field((await send(good)).body, "sid"));
  await until(async () => (await message.fetch()).status === "delivered");
  expect(await message.update({ body: "" })).toMatchObject({ body: "" });
  await expect(message.update({ body: "new words" })).rejects.toMatchObject({ code: 20001 });
});

test("deletes a message, whose usage stays billed", async () => {
  const { bench, send } = await salon();
  const sid = field((await send(good)).body, "sid");
  const message = bench.client().messages(sid);
  await until(async () => (await message.fetch()).price !== null);
  expect(await message.remove()).toBe(true);
  await expect(message.fetch()).rejects.toMatchObject({ status: 404, code: 20404 });
  const [record] = await bench.client().usage.records.list({ category: "sms-outbound" });
  expect(record?.count).toBe("1");
});

test("lists the newest first and stays in step while new ones arrive", async () => {
  const { bench, path, send } = await salon();
  for (const body of ["1", "2", "3"]) await send({ ...good, Body: body });
  const first = await bench.api("GET", `${path}?PageSize=2`);
  await send({ ...good, Body: "4" });
  const next = await bench.api("GET", field(first.body, "next_page_uri"));
  const bodiesOf = ({ body }: Answered) => [0, 1].map((index) => at(body, "messages", index, "body"));
  expect([bodiesOf(first), bodiesOf(next)]).toEqual([
    ["3", "2"],
    ["1", undefined],
  ]);
  expect(at(next.body, "next_page_uri")).toBeNull();
});

test("lists by recipient, sender and time", async () => {
  const { bench, send } = await salon();
  await send(good);
  await send({ ...good, To: "+14155550177" });
  const { messages } = bench.client();
  await until(async () => (await messages.list()).every(({ dateSent }) => dateSent !== null));
  const soon = new Date(Date.now() + 60_000);
  const earlier = new Date(Date.now() - 60_000);
  const count = async (filter: Parameters<typeof messages.list>[0]) => (await messages.list(filter)).length;
  expect(await count({ to: CUSTOMER })).toBe(1);
  expect(await count({ from: SALON })).toBe(2);
  expect(await count({ from: CUSTOMER })).toBe(0);
  expect(await count({ dateSentAfter: earlier, dateSentBefore: soon })).toBe(2);
  expect(await count({ dateSentAfter: soon })).toBe(0);
  expect(await count({ dateSentBefore: earlier })).toBe(0);
});

test("takes a date alone for the whole day of GMT, or for its midnight as a bound", async () => {
  const { bench, path, send } = await salon();
  const sid = field((await send(good)).body, "sid");
  const dateSent = await until(
    async () => (await bench.client().messages(sid).fetch()).dateSent ?? undefined,
  );
  const day = dateSent.toISOString().slice(0, 10);
  const found = async (query: string) => at((await bench.api("GET", `${path}?${query}`)).body, "messages");
  expect(await found(`DateSent=${day}`)).toHaveLength(1);
  expect(await found(`DateSent%3E=${day}`)).toHaveLength(1);
  expect(await found(`DateSent%3C=${day}`)).toHaveLength(0);
  expect(await found("DateSent=2008-01-02")).toHaveLength(0);
});

test("refuses a date it cannot read", async () => {
  const { bench, path } = await salon();
  expect(await bench.api("GET", `${path}?DateSent=yesterday`)).toMatchObject({
    status: 400,
    body: { code: 20001 },
  });
});

test("keeps accounts apart: a message is only its own account's", async () => {
  const { bench, send } = await salon();
  const sub = await bench.client().api.v2010.accounts.create({});
  const sid = field((await send(good)).body, "sid");
  const elsewhere = bench.client().api.v2010.accounts(sub.sid);
  await expect(elsewhere.messages(sid).fetch()).rejects.toMatchObject({ code: 20404 });
  expect(await elsewhere.messages.list()).toEqual([]);
});
