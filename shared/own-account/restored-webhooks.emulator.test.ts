import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  ANJALI,
  type OwnAccountBench,
  type OwnSalon,
  startOwnAccountBench,
} from "#scripts/testing/own-account-bench.ts";
import type { NumberWebhooks } from "#shared/twilio/number-schemas.ts";

const CRM = "https://crm.example.org";
const SENDER_HAD = {
  callbackUrl: `${CRM}/whatsapp`,
  callbackMethod: "PUT",
  fallbackUrl: `${CRM}/fallback`,
  fallbackMethod: "PUT",
  statusCallbackUrl: `${CRM}/status`,
  statusCallbackMethod: "POST",
};
const NUMBER_HAD: NumberWebhooks = {
  smsUrl: `${CRM}/sms`,
  smsMethod: "GET",
  smsFallbackUrl: `${CRM}/sms-fallback`,
  smsFallbackMethod: "GET",
  smsApplicationSid: "",
  voiceUrl: `${CRM}/voice`,
  voiceMethod: "GET",
  voiceFallbackUrl: `${CRM}/voice-fallback`,
  voiceFallbackMethod: "POST",
  voiceApplicationSid: "",
  statusCallback: `${CRM}/calls`,
  statusCallbackMethod: "GET",
  trunkSid: "",
};
const APPLICATION = `AP${"a".repeat(32)}`;
const TRUNK = `TK${"c".repeat(32)}`;
/** What connecting made of what goes with the address for messages. */
const SMS_TAKEN = { smsMethod: "POST", smsFallbackUrl: "", smsFallbackMethod: "GET" };
const WELL = { status: "configured", reasons: [] };
const stepsOf = (steps: readonly { step: string; outcome: string; reason: string | null }[]) =>
  steps.map(({ step, outcome, reason }) => [step, outcome, reason].filter(Boolean).join(" "));

let bench: OwnAccountBench;
beforeAll(async () => {
  bench = await startOwnAccountBench();
});
afterAll(() => bench.stop());

/** An account with a WhatsApp sender, both numbers in the hands of other software; as its owner uses it past us. */
async function prepared(number: Partial<NumberWebhooks> = {}) {
  const salon = await bench.addOwnSalon();
  const account = bench.at(salon.accountSid, salon.authToken);
  await account.restoreNumber(salon.numberSid, { ...NUMBER_HAD, ...number });
  const whatsappNumber = bench.phone();
  await bench.twilio.registerWhatsApp(salon.accountSid, whatsappNumber, SENDER_HAD.callbackUrl);
  const [sender] = await account.listWhatsAppSenders();
  if (sender === undefined) return expect.fail("no sender");
  await account.configureWhatsAppSender(sender.sid, SENDER_HAD);
  const { ownAccounts } = bench.instance();
  return {
    salon,
    account,
    ownAccounts,
    senderSid: sender.sid,
    ours: bench.urls.whatsapp(salon.salonId),
    save: (entered: object = { whatsappNumber }) =>
      ownAccounts.save(salon.salonId, { ...bench.entered(salon), ...entered }, ANJALI),
    senderHas: async () => (await account.findWhatsAppSender(sender.sid))?.webhooks,
    numberHas: async () => (await account.findOwnedNumber(salon.numberSid))?.webhooks,
    stored: async () => (await bench.stored(salon.salonId)).twilio,
    status: () => ownAccounts.webhookStatus(salon.salonId),
    repair: () => ownAccounts.repairWebhooks(salon.salonId, ANJALI),
    disconnect: () => ownAccounts.disconnect(salon.salonId, ANJALI),
  };
}

describe("an own account with a WhatsApp sender", () => {
  test("is connected, drifts, is repaired, and gets back what it had when it is disconnected", async () => {
    const { ours, save, senderHas, numberHas, ...own } = await prepared();
    expect(stepsOf(await save())).toContain("webhooks done");
    expect(await senderHas()).toMatchObject({ callbackUrl: ours, callbackMethod: "POST", fallbackUrl: "" });
    const remembered = (await own.stored()).earlier_webhooks;
    expect(remembered).toMatchObject({
      smsUrl: NUMBER_HAD.smsUrl,
      whatsapp_callbackUrl: SENDER_HAD.callbackUrl,
      whatsapp_statusCallbackUrl: SENDER_HAD.statusCallbackUrl,
    });
    expect(await own.status()).toEqual(WELL);

    const drifted = { ...SENDER_HAD, callbackUrl: `${CRM}/another`, statusCallbackUrl: "" };
    await own.account.configureWhatsAppSender(own.senderSid, drifted);
    expect(await own.status()).toEqual({
      status: "error",
      reasons: [
        { resource: "whatsapp_sender", webhook: "whatsapp", reason: "url_mismatch" },
        { resource: "whatsapp_sender", webhook: "whatsapp", reason: "wrong_method" },
      ],
    });

    expect(await own.repair()).toEqual(WELL);
    expect(await own.status()).toEqual(WELL);
    expect((await own.stored()).earlier_webhooks).toEqual(remembered);

    await own.disconnect();
    expect([await senderHas(), await numberHas()]).toEqual([SENDER_HAD, NUMBER_HAD]);
    expect((await own.stored()).earlier_webhooks).toBeNull();
    expect((await bench.auditOf(own.salon.salonId)).slice(-2)).toEqual(["webhooks_restored", "disconnected"]);
  });

  test("whose webhook was taken away is told as not set", async () => {
    const own = await prepared();
    await own.save();
    await own.account.configureWhatsAppSender(own.senderSid, {
      ...SENDER_HAD,
      callbackUrl: "",
      callbackMethod: "POST",
      statusCallbackUrl: "",
    });
    expect((await own.status()).reasons).toEqual([
      { resource: "whatsapp_sender", webhook: "whatsapp", reason: "not_set" },
    ]);
    expect(await own.repair()).toEqual(WELL);
  });

  test("whose sender is gone is told so, by the status and by the repair, and still disconnects", async () => {
    const own = await prepared();
    await own.save();
    await ask(own.salon, "DELETE", `/v2/Channels/Senders/${own.senderSid}`);
    const gone = {
      status: "error",
      reasons: [{ resource: "whatsapp_sender", webhook: "whatsapp", reason: "sender_missing" }],
    };
    expect(await own.status()).toEqual(gone);
    expect(await own.repair()).toEqual(gone);
    expect((await own.stored()).webhook_status).toBe("error");
    expect((await bench.auditOf(own.salon.salonId)).at(-1)).toBe("webhooks_repaired: sender_missing");
    await own.disconnect();
    expect(await own.numberHas()).toEqual(NUMBER_HAD);
    expect((await bench.auditOf(own.salon.salonId)).slice(-2)).toEqual(["webhooks_restored", "disconnected"]);
  });

  test("whose owner has pointed the sender elsewhere meanwhile keeps that on disconnect", async () => {
    const own = await prepared();
    await own.save();
    const chosen = { ...SENDER_HAD, callbackUrl: `${CRM}/chosen-later` };
    await own.account.configureWhatsAppSender(own.senderSid, chosen);
    await own.disconnect();
    expect(await own.senderHas()).toEqual(chosen);
    expect(await own.numberHas()).toEqual(NUMBER_HAD);
  });

  test("whose WhatsApp number is taken out gives the sender back at once, and keeps the number", async () => {
    const own = await prepared();
    await own.save();
    const number = await own.numberHas();
    await own.save({});
    expect([await own.senderHas(), await own.numberHas()]).toEqual([SENDER_HAD, number]);
    expect(
      (await bench.auditOf(own.salon.salonId)).filter((each) => each === "webhooks_restored"),
    ).toHaveLength(1);
    expect((await own.stored()).earlier_webhooks).toMatchObject({ smsUrl: NUMBER_HAD.smsUrl });
    expect((await own.stored()).earlier_webhooks).not.toHaveProperty("whatsapp_callbackUrl");
    await own.save();
    expect(await own.senderHas()).toMatchObject({ callbackUrl: own.ours });
    await own.disconnect();
    expect([await own.senderHas(), await own.numberHas()]).toEqual([SENDER_HAD, NUMBER_HAD]);
  });

  test("is left alone where the salon did not name its WhatsApp number", async () => {
    const own = await prepared();
    await own.save({});
    expect(await own.status()).toEqual(WELL);
    await own.disconnect();
    expect(await own.senderHas()).toEqual(SENDER_HAD);
  });

  test("in the sandbox has no sender to look for", async () => {
    const own = await prepared();
    await own.save({ whatsappNumber: "+14155238886", mode: "sandbox" });
    expect(await own.status()).toEqual(WELL);
  });
});

describe("what the owner changed while the number was connected", () => {
  test.each<[string, Partial<NumberWebhooks>, Partial<NumberWebhooks>]>([
    [
      "the address for calls",
      { voiceUrl: `${CRM}/pbx`, voiceMethod: "POST" },
      { voiceUrl: `${CRM}/pbx`, voiceMethod: "POST" },
    ],
    ["the address for messages", { smsUrl: `${CRM}/new` }, { ...SMS_TAKEN, smsUrl: `${CRM}/new` }],
    ["where calls are told of", { statusCallback: "" }, { statusCallback: "", statusCallbackMethod: "POST" }],
    ["a trunk", { trunkSid: TRUNK }, { trunkSid: TRUNK }],
    ["an application for messages", { smsApplicationSid: APPLICATION }, { smsApplicationSid: APPLICATION }],
  ])("%s: stays on disconnect, and the rest is as it was before", async (_, changed, kept) => {
    const own = await prepared();
    await own.save({});
    const has = (await own.numberHas()) ?? expect.fail("the number is gone");
    await own.account.restoreNumber(own.salon.numberSid, { ...has, ...changed });
    await own.disconnect();
    expect(await own.numberHas()).toEqual({ ...NUMBER_HAD, ...kept });
  });

  test("an address for messages that an application would stand before, had it one before: stays in force", async () => {
    const own = await prepared({ smsApplicationSid: APPLICATION });
    await own.save({});
    await own.account.restoreNumber(own.salon.numberSid, { smsUrl: `${CRM}/new` });
    await own.disconnect();
    expect(await own.numberHas()).toMatchObject({ smsUrl: `${CRM}/new`, smsApplicationSid: "" });
  });
});

describe("what stands before a number", () => {
  test.each([
    [
      "applications",
      { smsApplicationSid: `AP${"a".repeat(32)}`, voiceApplicationSid: `AP${"b".repeat(32)}` },
    ],
    ["a trunk", { trunkSid: `TK${"c".repeat(32)}` }],
  ])("%s: set aside while it is ours, remembered, and back on disconnect", async (_, had) => {
    const own = await prepared(had);
    const before = await own.numberHas();
    expect(before).toMatchObject(had);
    expect(stepsOf(await own.save({}))).toContain("webhooks done");
    expect(await own.status()).toEqual(WELL);
    expect((await own.stored()).earlier_webhooks).toMatchObject(had);
    await own.disconnect();
    expect(await own.numberHas()).toEqual(before);
  });

  test("a Messaging Service is told of and left alone, since its settings are other numbers' too", async () => {
    const own = await prepared();
    const service = await ask(own.salon, "POST", "/v1/Services", {
      FriendlyName: "Reminders",
      InboundRequestUrl: `${CRM}/service`,
    });
    const path = `/v1/Services/${service.sid}`;
    await ask(own.salon, "POST", `${path}/PhoneNumbers`, { PhoneNumberSid: own.salon.numberSid });
    const before = await ask(own.salon, "GET", path);

    expect(stepsOf(await own.save({}))).toContain("webhooks failed service_overrides_number");
    const reasons = [{ resource: "number", webhook: "sms", reason: "service_overrides_number" }];
    expect(await own.status()).toEqual({ status: "error", reasons });
    expect(await own.repair()).toEqual({ status: "error", reasons });
    expect(await bench.stored(own.salon.salonId)).toMatchObject({
      status: "partial",
      twilio: { webhook_status: "error" },
    });
    expect(await ask(own.salon, "GET", path)).toEqual(before);

    await ask(own.salon, "POST", path, { UseInboundWebhookOnNumber: "true" });
    expect(await own.repair()).toEqual(WELL);
    expect((await bench.stored(own.salon.salonId)).status).toBe("active");
    await own.disconnect();
    expect(await own.numberHas()).toEqual(NUMBER_HAD);
  });
});

/** What the owner of an account does in Twilio's console. */
async function ask(
  { accountSid, authToken }: OwnSalon,
  method: string,
  path: string,
  form?: Record<string, string>,
) {
  const answer = await fetch(`${bench.twilio.url}${path}`, {
    method,
    headers: { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString("base64")}` },
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
  });
  const text = await answer.text();
  expect(answer.ok, text).toBe(true);
  return text === "" ? {} : JSON.parse(text);
}
