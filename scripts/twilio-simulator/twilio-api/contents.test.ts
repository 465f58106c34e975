import { describe, expect, test } from "vitest";
import { at, field, startBench } from "../testing/bench.ts";
import { until } from "../testing/until.ts";

const SALON = "+14155550123";
const CUSTOMER = "+14155550199";
const greeting = {
  friendly_name: "greeting",
  language: "en",
  variables: { 1: "Priya", 2: "ten" },
  types: { "twilio/text": { body: "Hello {{1}}, see you at {{2}}." } },
};

async function salon(options: Parameters<typeof startBench>[0] = {}) {
  const bench = await startBench(options);
  await bench.own(SALON);
  const make = async (more: Record<string, unknown> = {}) =>
    field((await bench.postJson("/v1/Content", { ...greeting, ...more })).body, "sid");
  const messages = `/2010-04-01/Accounts/${bench.main.accountSid}/Messages.json`;
  const send = (ContentSid: string, variables?: unknown) =>
    bench.api("POST", messages, {
      To: CUSTOMER,
      From: SALON,
      ContentSid,
      ...(variables !== undefined && { ContentVariables: JSON.stringify(variables) }),
    });
  const submit = (sid: string, more: Record<string, unknown> = {}) =>
    bench.postJson(`/v1/Content/${sid}/ApprovalRequests/whatsapp`, {
      name: "greeting",
      category: "UTILITY",
      ...more,
    });
  const status = async (sid: string) =>
    field((await bench.api("GET", `/v1/Content/${sid}/ApprovalRequests`)).body, "whatsapp", "status");
  return { bench, make, send, submit, status };
}

test.each([
  ["no language", { language: undefined }],
  ["no type", { types: {} }],
  ["a text of 1,601 characters", { types: { "twilio/text": { body: "x".repeat(1601) } } }],
  ["variables that are no texts", { variables: { 1: 1 } }],
])("refuses a template with %s", async (_, change) => {
  const { bench } = await salon();
  const refused = await bench.postJson("/v1/Content", { ...greeting, ...change });
  expect(refused).toMatchObject({ status: 400, body: { code: 20001 } });
  expect(at((await bench.admin("GET", "/contents")).body, "contents")).toEqual([]);
});

test("keeps the templates of one account from every other", async () => {
  const { bench, make, submit } = await salon();
  const sid = await make();
  const { body } = await bench.admin("POST", "/accounts", {});
  const other = { accountSid: field(body, "account_sid"), authToken: field(body, "auth_token") };
  expect(await bench.api("GET", `/v1/Content/${sid}`, undefined, other)).toMatchObject({ status: 404 });
  expect(at((await bench.api("GET", "/v1/Content", undefined, other)).body, "contents")).toEqual([]);
  const messages = `/2010-04-01/Accounts/${other.accountSid}/Messages.json`;
  await bench.own("+14155550124", other.accountSid);
  const form = { To: CUSTOMER, From: "+14155550124", ContentSid: sid };
  expect(await bench.api("POST", messages, form, other)).toMatchObject({ body: { code: 21655 } });
  expect((await submit(sid)).status).toBe(201);
});

describe("WhatsApp's approval", () => {
  test("comes a while after it was asked for, once", async () => {
    const { make, submit, status } = await salon({ approvalMs: 20 });
    const sid = await make();
    expect(await status(sid)).toBe("unsubmitted");
    expect(field((await submit(sid)).body, "status")).toBe("received");
    expect(await submit(sid)).toMatchObject({ status: 409, body: { code: 20409 } });
    await until(async () => (await status(sid)) === "approved");
  });

  test("does not come by itself once an engineer has decided", async () => {
    const { bench, make, submit, status } = await salon({ approvalMs: 30 });
    const [refused, other] = [await make(), await make()];
    await submit(refused);
    const decision = { status: "rejected", rejection_reason: "INVALID_FORMAT" };
    const { body } = await bench.admin("POST", `/contents/${refused}/approval`, decision);
    expect(at(body, "approval_requests")).toMatchObject(decision);
    await submit(other);
    await until(async () => (await status(other)) === "approved");
    expect(await status(refused)).toBe("rejected");
  });

  test.each([
    ["a name with capitals", { name: "Greeting" }],
    ["a category that WhatsApp does not have", { category: "TRANSACTIONAL" }],
  ])("is not asked for with %s", async (_, change) => {
    const { make, submit, status } = await salon();
    const sid = await make();
    expect(await submit(sid, change)).toMatchObject({ status: 400 });
    expect(await status(sid)).toBe("unsubmitted");
  });

  test("can only be decided for a template that is there", async () => {
    const { bench } = await salon();
    const decision = { status: "approved" };
    expect(await bench.admin("POST", `/contents/HX${"0".repeat(32)}/approval`, decision)).toMatchObject({
      status: 404,
      body: { field: "sid" },
    });
  });
});

describe("a message from a template", () => {
  test("says the template's text, with the template's own words for what is left out", async () => {
    const { bench, make, send } = await salon();
    const sid = await make();
    const sent = await send(sid, { 1: "Meena & $&" });
    expect(sent).toMatchObject({ status: 201, body: { body: "Hello Meena & $&, see you at ten." } });
    const { body } = await bench.admin("GET", "/messages");
    expect(at(body, "messages", 0)).toMatchObject({ content_sid: sid });
  });

  test.each([
    ["a list", ["Meena"]],
    ["a number", { 1: 5 }],
    ["nothing", { 1: null }],
    ["an empty text", { 1: "" }],
    ["a line break", { 1: "Meena\nRao" }],
    ["a tab", { 1: "Meena\tRao" }],
    ["five spaces", { 1: "Meena     Rao" }],
  ])("is refused with %s for a variable", async (_, variables) => {
    const { make, send } = await salon();
    expect(await send(await make(), variables)).toMatchObject({ status: 400, body: { code: 21656 } });
  });

  test("is refused when a variable has no words of its own and none are sent, or too many", async () => {
    const { make, send } = await salon();
    const bare = await make({ variables: {} });
    expect(await send(bare, { 1: "Meena" })).toMatchObject({ body: { code: 21656 } });
    const long = { 1: "Meena", 2: "x".repeat(1601) };
    expect(await send(bare, long)).toMatchObject({ body: { code: 21658 } });
    expect(await send(bare, { ...long, 2: "x".repeat(1600) })).toMatchObject({ body: { code: 21617 } });
  });
});
