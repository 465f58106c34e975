import { describe, expect, test } from "vitest";
import { healthAfter, isInUse } from "./health.ts";
import { PlatformConfig, SalonIntegration } from "./integration.ts";
import { statusOf } from "./status.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const LATER = new Date("2026-11-22T11:00:00Z");
const base64 = (letter: string, bytes: number) => Buffer.from(letter.repeat(bytes)).toString("base64");
const envelope = (letter: string) => ({
  ciphertext: base64(letter, 48),
  data_key: base64("k", 32),
  nonce: base64("n", 12),
});
const credentials = { account_sid: envelope("s"), auth_token: envelope("t") };
const trouble = { class: "credential", reason: "Twilio refuses it.", channel: null, since: NOW } as const;

const own = { ...credentials, is_active: true, verified_at: NOW, phone_number: "+14155550101" };
const platform = { ...credentials, parent: "default", is_active: true, phone_number: "+14155550102" };
const stuck = {
  next_auth_token: { auth_token: envelope("x"), origin: "pasted", stored_at: NOW },
  verification_status: "failed",
};
const integration = (fields: Record<string, unknown>) =>
  SalonIntegration.parse({ salon_id: "salon-anjali", ...fields });

describe("the status", () => {
  test.each([
    ["nothing", {}, "not_configured"],
    ["an own account in use", { twilio: own }, "active"],
    ["an own account in trouble", { twilio: own, health: { salon_own: trouble } }, "error"],
    ["an own account whose rotation is stuck", { twilio: { ...own, ...stuck } }, "error"],
    [
      "a subaccount in use, the rotation of the own account being stuck",
      { twilio: { ...own, ...stuck, is_active: false }, platform },
      "active",
    ],
    ["a subaccount in use", { platform }, "active"],
    ["a subaccount in trouble", { platform, health: { platform_subaccount: trouble } }, "error"],
    [
      "an own account in use, whatever is the matter with the subaccount",
      { twilio: own, platform, health: { platform_subaccount: trouble } },
      "active",
    ],
    [
      "a subaccount in use, whatever is the matter with the own account",
      { twilio: { ...own, is_active: false }, platform, health: { salon_own: trouble } },
      "active",
    ],
    [
      "an own account whose webhooks lead elsewhere",
      { twilio: { ...own, webhook_status: "error" } },
      "partial",
    ],
    [
      "a subaccount that is being set up",
      { requested: { messaging: "platform", by: "x", at: NOW } },
      "partial",
    ],
  ])("of %s", (_, fields, status) => {
    expect(statusOf(integration(fields)).status).toBe(status);
  });

  test("gives the reason of the trouble", () => {
    const known = integration({ twilio: own, health: { salon_own: trouble } });
    expect(statusOf(known).status_reason).toBe("Twilio refuses it.");
  });
});

describe("trouble", () => {
  const known = integration({
    twilio: own,
    platform,
    health: { salon_own: trouble, platform_subaccount: trouble },
  });
  const { twilio } = known;
  const kept = { salon_own: true, platform_subaccount: true };

  test.each([
    ["a change of something else", {}, kept],
    ["webhooks that were repaired", { twilio: { ...twilio, webhook_status: "configured" as const } }, kept],
    [
      "own credentials that Twilio has just taken",
      { twilio: { ...twilio, verified_at: LATER } },
      { ...kept, salon_own: false },
    ],
    [
      "a switch",
      { twilio: { ...twilio, is_active: false } },
      { salon_own: false, platform_subaccount: false },
    ],
    [
      "another token of the subaccount",
      { platform: { ...PlatformConfig.parse(platform), auth_token: envelope("o") } },
      { ...kept, platform_subaccount: false },
    ],
    ["a subaccount that is gone", { platform: null }, { ...kept, platform_subaccount: false }],
  ])("after %s", (_, fields, expected) => {
    const after = healthAfter(known, fields);
    expect({
      salon_own: after.salon_own !== null,
      platform_subaccount: after.platform_subaccount !== null,
    }).toEqual(expected);
  });

  test("is of an account that is in use, or of none", () => {
    expect([isInUse(known, "salon_own"), isInUse(known, "platform_subaccount")]).toEqual([true, false]);
    const switched = { ...known, twilio: { ...twilio, is_active: false } };
    expect([isInUse(switched, "salon_own"), isInUse(switched, "platform_subaccount")]).toEqual([false, true]);
  });
});
