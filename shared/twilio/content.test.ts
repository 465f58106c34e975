import { expect, test, vi } from "vitest";
import { field, startBench } from "#scripts/twilio-simulator/testing/bench.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio } from "./account.ts";
import { createRetry } from "./retry.ts";

const confirmation = {
  friendlyName: "salonflow_booking_confirmation_en_0123abcd",
  language: "en",
  body: "Hello {{1}}, your booking is confirmed.",
  samples: { 1: "Priya" },
};
const submission = { name: confirmation.friendlyName, category: "UTILITY" } as const;

async function connect(options: Parameters<typeof startBench>[0] = {}) {
  const bench = await startBench(options);
  const twilio = createTwilio({
    apiBaseUrl: bench.url,
    timeoutMs: 500,
    retry: createRetry({ random: () => 0 }),
  });
  const account = twilio.account({
    accountSid: bench.main.accountSid,
    authToken: new Secret(bench.main.authToken),
  });
  const decide = (sid: string, decision: Record<string, string>) =>
    bench.admin("POST", `/contents/${sid}/approval`, decision);
  return { bench, twilio, account, decide };
}

test("a template is made as it was given, and found by its name", async () => {
  const { bench, account } = await connect();
  const sid = await account.createContent(confirmation);
  expect((await bench.api("GET", `/v1/Content/${sid}`)).body).toMatchObject({
    friendly_name: confirmation.friendlyName,
    language: "en",
    variables: { 1: "Priya" },
    types: { "twilio/text": { body: confirmation.body } },
  });
  expect(await account.listContents()).toEqual([
    {
      sid,
      friendlyName: confirmation.friendlyName,
      createdAt: expect.any(Date),
      approval: { status: "unsubmitted", rejectionReason: undefined },
    },
  ]);
});

test("approval is asked for once, comes later, and is told with the list", async () => {
  const { account } = await connect({ approvalMs: 20 });
  const sid = await account.createContent(confirmation);
  expect(await account.fetchWhatsAppApproval(sid)).toMatchObject({ status: "unsubmitted" });
  expect(await account.requestWhatsAppApproval(sid, submission)).toMatchObject({ status: "received" });
  await vi.waitFor(async () =>
    expect(await account.fetchWhatsAppApproval(sid)).toEqual({
      status: "approved",
      rejectionReason: undefined,
    }),
  );
  expect((await account.listContents())[0]?.approval.status).toBe("approved");
  await expect(account.requestWhatsAppApproval(sid, submission)).rejects.toMatchObject({
    info: { certainty: "rejected" },
  });
});

test("a refusal comes with WhatsApp's reason", async () => {
  const { account, decide } = await connect({ approvalMs: 3_600_000 });
  const sid = await account.createContent(confirmation);
  await account.requestWhatsAppApproval(sid, submission);
  await decide(sid, { status: "rejected", rejection_reason: "INVALID_FORMAT" });
  const refused = { status: "rejected", rejectionReason: "INVALID_FORMAT" };
  expect(await account.fetchWhatsAppApproval(sid)).toEqual(refused);
  expect((await account.listContents())[0]?.approval).toEqual(refused);
});

test("a template that Twilio does not have has no approval", async () => {
  const { account } = await connect();
  expect(await account.fetchWhatsAppApproval(`HX${"0".repeat(32)}`)).toBeUndefined();
});

test("all templates are found, over several pages", async () => {
  const { bench, account } = await connect();
  const made = Array.from({ length: 501 }, (_, index) => ({ ...confirmation, friendlyName: `t${index}` }));
  for (const each of made) await account.createContent(each);
  expect(new Set((await account.listContents()).map(({ friendlyName }) => friendlyName)).size).toBe(501);
  const { body } = await bench.admin("GET", "/requests");
  const lists = JSON.stringify(body).match(/ContentAndApprovals/g);
  expect(lists).toHaveLength(1);
});

test("of a subaccount they need its own credentials, and are never the parent's", async () => {
  const { bench, twilio, account } = await connect();
  const { sid, authToken } = await account.createSubaccount("salon-7");
  const byParent = twilio.account({
    accountSid: bench.main.accountSid,
    authToken: new Secret(bench.main.authToken),
    actingOn: sid,
  });
  await expect(byParent.createContent(confirmation)).rejects.toThrow("the subaccount's own credentials");
  await expect(byParent.listContents()).rejects.toThrow("the subaccount's own credentials");
  if (authToken === undefined) throw new Error("expected a token");
  const bySalon = twilio.account({ accountSid: sid, authToken });
  await bySalon.createContent(confirmation);
  expect(await bySalon.listContents()).toHaveLength(1);
  expect(await account.listContents()).toEqual([]);
});

test("an outage is told as one, and what was made all the same is found afterwards", async () => {
  const { bench, account } = await connect();
  const fault = { kind: "http_error", status: 503, when: "after", times: 1, match: { path: "Content$" } };
  await bench.admin("POST", "/faults", fault);
  await expect(account.createContent(confirmation)).rejects.toMatchObject({ info: { certainty: "unclear" } });
  expect((await account.listContents()).map(({ friendlyName }) => friendlyName)).toEqual([
    confirmation.friendlyName,
  ]);
});

test("a message from a template says what the template says", async () => {
  const { bench, account } = await connect();
  await bench.own("+14155550123");
  const contentSid = await account.createContent(confirmation);
  const { sid } = await account.sendMessage({
    to: "+14155550199",
    from: "+14155550123",
    contentSid,
    contentVariables: { 1: "Meena" },
    statusCallback: "http://127.0.0.1:9/x",
    validityPeriodSeconds: 60,
  });
  const { body } = await bench.admin("GET", "/messages");
  expect(field(body, "messages", 0, "sid")).toBe(sid);
  expect(field(body, "messages", 0, "body")).toBe("Hello Meena, your booking is confirmed.");
});
