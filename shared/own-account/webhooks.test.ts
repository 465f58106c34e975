import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { field, startBench } from "#scripts/twilio-simulator/testing/bench.ts";
import { Secret } from "#shared/core/secret.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import type { NumberWebhooks } from "#shared/twilio/number-schemas.ts";
import { createRetry } from "#shared/twilio/retry.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { connectOwnNumber, isOurs, restoreOwnNumber, webhookStatus } from "./webhooks.ts";

const SALON = "+14155550123";
const OTHER = "+14155550124";
const APPLICATION = `AP${"a".repeat(32)}`;
const TRUNK = `TK${"b".repeat(32)}`;
const WANTED = createWebhookUrls("https://hooks.example.com").ofNumber("salon-7");
const CONFIGURED = { status: "configured", reasons: [] };

/** What the owner's own software had set up, as far as a form says it; everything else as it comes from the shop. */
const THEIRS: Record<string, Record<string, string>> = {
  nothing: {},
  addresses: {
    SmsUrl: "https://crm.example.org/sms",
    SmsMethod: "GET",
    SmsFallbackUrl: "https://crm.example.org/sms-fallback",
    SmsFallbackMethod: "GET",
    VoiceUrl: "https://crm.example.org/voice",
    VoiceMethod: "GET",
    VoiceFallbackUrl: "https://crm.example.org/voice-fallback",
    StatusCallback: "https://crm.example.org/calls",
    StatusCallbackMethod: "GET",
  },
  applications: { SmsApplicationSid: APPLICATION, VoiceApplicationSid: APPLICATION },
  "a trunk": { TrunkSid: TRUNK, SmsUrl: "https://crm.example.org/sms" },
};

async function salon(theirs: Record<string, string> = {}) {
  const bench = await startBench();
  const { body } = await bench.admin("POST", "/accounts", {});
  const credentials = { accountSid: field(body, "account_sid"), authToken: field(body, "auth_token") };
  const { accountSid } = credentials;
  const twilio = createTwilio({
    apiBaseUrl: bench.url,
    timeoutMs: 500,
    retry: createRetry({ random: () => 0 }),
  });
  const account = twilio.account({ accountSid, authToken: new Secret(credentials.authToken) });
  const sids = { salon: await bench.own(SALON, accountSid), other: await bench.own(OTHER, accountSid) };
  const uri = (sid: string) => `/2010-04-01/Accounts/${accountSid}/IncomingPhoneNumbers/${sid}.json`;
  /** What somebody else does with a number, not through our adapter. */
  const set = (sid: string, form: Record<string, string>) => bench.api("POST", uri(sid), form, credentials);
  const look = async (sid: string) =>
    settings((await bench.api("GET", uri(sid), undefined, credentials)).body);
  const service = async (form: Record<string, string>) => {
    const made = await bench.api("POST", "/v1/Services", { FriendlyName: "Reminders", ...form }, credentials);
    const path = `/v1/Services/${field(made.body, "sid")}`;
    for (const PhoneNumberSid of Object.values(sids)) {
      await bench.api("POST", `${path}/PhoneNumbers`, { PhoneNumberSid }, credentials);
    }
    return {
      change: (changes: Record<string, string>) => bench.api("POST", path, changes, credentials),
      look: async () => (await bench.api("GET", path, undefined, credentials)).body,
    };
  };
  for (const sid of Object.values(sids)) await set(sid, theirs);
  const status = () => webhookStatus(account, sids.salon, WANTED);
  const connect = () => connectOwnNumber(account, sids.salon, WANTED);
  return { bench, account, sids, set, look, service, status, connect, uri, credentials };
}

/** Everything about a number but the time of its last change; nothing set and set to nothing are the same. */
function settings(number: unknown): Record<string, unknown> {
  const all = Object.entries(typeof number === "object" && number !== null ? number : {});
  const kept = all.filter(([key]) => key !== "date_updated");
  return Object.fromEntries(kept.map(([key, value]) => [key, value ?? ""]));
}

describe("connecting", () => {
  test.each(Object.entries(THEIRS))(
    "and restoring a number that had %s leaves it, and every other number, as it was",
    async (_, theirs) => {
      const { account, sids, look, status, connect } = await salon(theirs);
      const before = { salon: await look(sids.salon), other: await look(sids.other) };

      const earlier = await connect();
      expect(await status()).toEqual(CONFIGURED);
      expect(await look(sids.other)).toEqual(before.other);

      await restoreOwnNumber(account, sids.salon, earlier);
      expect({ salon: await look(sids.salon), other: await look(sids.other) }).toEqual(before);
    },
  );

  test("and restoring leaves whatever a number had as it was", async () => {
    const { account, sids, set, look, connect } = await salon();
    const url = fc.constantFrom(
      "",
      "https://crm.example.org/a",
      "https://crm.example.org/b#rc=1",
      WANTED.smsUrl,
    );
    const method = fc.constantFrom("GET", "POST");
    const application = fc.constantFrom("", APPLICATION);
    const theirs = fc.record({
      SmsUrl: url,
      SmsMethod: method,
      SmsFallbackUrl: url,
      SmsFallbackMethod: method,
      SmsApplicationSid: application,
      VoiceUrl: url,
      VoiceMethod: method,
      VoiceFallbackUrl: url,
      VoiceFallbackMethod: method,
      VoiceApplicationSid: application,
      StatusCallback: url,
      StatusCallbackMethod: method,
      TrunkSid: fc.constantFrom("", TRUNK),
    });
    const other = await look(sids.other);
    const property = fc.asyncProperty(theirs, async (form) => {
      await set(sids.salon, form);
      const before = await look(sids.salon);
      await restoreOwnNumber(account, sids.salon, await connect());
      expect(await look(sids.salon)).toEqual(before);
      expect(await look(sids.other)).toEqual(other);
    });
    await fc.assert(property, { numRuns: 40 });
  });

  test("has the earlier settings written down before anything is changed", async () => {
    const { account, sids, look } = await salon(THEIRS.addresses);
    const before = await look(sids.salon);
    const seen: unknown[] = [];
    const remember = async (earlier: NumberWebhooks) =>
      void seen.push(earlier.smsUrl, await look(sids.salon));
    await connectOwnNumber(account, sids.salon, WANTED, remember);
    expect(seen).toEqual(["https://crm.example.org/sms", before]);
  });

  test("changes nothing when the earlier settings could not be written down", async () => {
    const { account, sids, look } = await salon(THEIRS.addresses);
    const before = await look(sids.salon);
    const remember = async () => Promise.reject(new Error("no database"));
    await expect(connectOwnNumber(account, sids.salon, WANTED, remember)).rejects.toThrow("no database");
    expect(await look(sids.salon)).toEqual(before);
  });

  test("a second time tells that it was ours already, so that the first memory is kept", async () => {
    const { connect } = await salon(THEIRS.addresses);
    expect(isOurs(await connect(), WANTED)).toBe(false);
    expect(isOurs(await connect(), WANTED)).toBe(true);
  });

  test("a number of another account is refused and left alone", async () => {
    const { account, bench } = await salon();
    const foreign = await bench.own("+14155550199");
    await expect(connectOwnNumber(account, foreign, WANTED)).rejects.toMatchObject({
      code: "failed-precondition",
      context: { reason: "number_missing", field: "phone_number" },
    });
  });
});

describe("restoring", () => {
  test("a number that is gone is nothing to do", async () => {
    const { bench, account, sids, uri, connect, credentials } = await salon(THEIRS.addresses);
    const earlier = await connect();
    await bench.api("DELETE", uri(sids.salon), undefined, credentials);
    await expect(restoreOwnNumber(account, sids.salon, earlier)).resolves.toBeUndefined();
  });

  test("fails when Twilio is down, so that it is tried again", async () => {
    const { bench, account, sids, connect } = await salon();
    const earlier = await connect();
    await bench.admin("POST", "/faults", { kind: "http_error", status: 500 });
    await expect(restoreOwnNumber(account, sids.salon, earlier)).rejects.toMatchObject({ retry: true });
  });
});

describe("the status", () => {
  test("of a number fresh from the shop says that nothing is set", async () => {
    const { status } = await salon();
    expect(await status()).toEqual({
      status: "error",
      reasons: [
        { resource: "number", webhook: "sms", reason: "not_set" },
        { resource: "number", webhook: "voice", reason: "not_set" },
        { resource: "number", webhook: "voice", reason: "wrong_method" },
        { resource: "number", webhook: "status_callback", reason: "not_set" },
      ],
    });
  });

  test.each([
    ["an address", { SmsUrl: "https://crm.example.org/sms" }, "sms", "url_mismatch"],
    ["a missing address", { StatusCallback: "" }, "status_callback", "not_set"],
    ["a method", { VoiceMethod: "GET" }, "voice", "wrong_method"],
    ["the fallback", { VoiceFallbackUrl: "https://crm.example.org/f" }, "voice", "url_mismatch"],
    ["an application for messages", { SmsApplicationSid: APPLICATION }, "sms", "overridden_by_application"],
    ["an application for calls", { VoiceApplicationSid: APPLICATION }, "voice", "overridden_by_application"],
    ["a trunk", { TrunkSid: TRUNK }, "voice", "overridden_by_trunk"],
  ])("finds %s that has drifted, and connecting again repairs it", async (_, drift, webhook, reason) => {
    const { sids, set, status, connect } = await salon();
    await connect();
    await set(sids.salon, drift);
    expect(await status()).toEqual({ status: "error", reasons: [{ resource: "number", webhook, reason }] });
    await connect();
    expect(await status()).toEqual(CONFIGURED);
  });

  test.each([
    ["elsewhere", { InboundRequestUrl: "https://crm.example.org/service" }],
    ["nowhere", {}],
    ["to us, but by GET", { InboundRequestUrl: WANTED.smsUrl, InboundMethod: "GET" }],
  ])("finds a Messaging Service that takes messages %s", async (_, form) => {
    const { service, status, connect } = await salon();
    await connect();
    await service(form);
    const reasons = [{ resource: "number", webhook: "sms", reason: "service_overrides_number" }];
    expect(await status()).toEqual({ status: "error", reasons });
  });

  test("is well again when the owner lets the service use the number's own webhook", async () => {
    const { service, status, connect } = await salon();
    const reminders = await service({ InboundRequestUrl: "https://crm.example.org/service" });
    await connect();
    expect((await status()).status).toBe("error");
    await reminders.change({ UseInboundWebhookOnNumber: "true" });
    expect(await status()).toEqual(CONFIGURED);
  });

  test("has nothing against a service that passes messages on to us", async () => {
    const { service, status, connect } = await salon();
    await connect();
    await service({ InboundRequestUrl: WANTED.smsUrl });
    expect(await status()).toEqual(CONFIGURED);
  });

  test("connecting leaves a service alone, since it is that of other numbers too", async () => {
    const { service, connect } = await salon();
    const reminders = await service({ InboundRequestUrl: "https://crm.example.org/service" });
    const before = await reminders.look();
    await connect();
    expect(await reminders.look()).toEqual(before);
  });

  test("says of a number that is gone that all of it is missing", async () => {
    const { account } = await salon();
    const { status, reasons } = await webhookStatus(account, `PN${"0".repeat(32)}`, WANTED);
    expect([status, reasons.map(({ reason }) => reason)]).toEqual([
      "error",
      ["number_missing", "number_missing", "number_missing"],
    ]);
  });
});
