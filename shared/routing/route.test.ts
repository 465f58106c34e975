import { describe, expect, test } from "vitest";
import { ACCEPTED_AT, outboundMessage } from "#scripts/testing/outbound-message.ts";
import type { TextChannel } from "#shared/messages/message.ts";
import { sealedCredentialsOf } from "#shared/salons/credentials.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { Salon } from "#shared/salons/salon.ts";
import { route } from "./route.ts";

/** An envelope that can be told from others; nothing opens it here. */
const sealed = (label: string) => ({
  ciphertext: Buffer.from(`${label} and the tag of 16 bytes`).toString("base64"),
  data_key: Buffer.from("key").toString("base64"),
  nonce: Buffer.from("twelve bytes").toString("base64"),
});
const OWN = { account_sid: sealed("own sid"), auth_token: sealed("own token") };
const SUB = { account_sid: sealed("sub sid"), auth_token: sealed("sub token") };
const OWN_NUMBER = "+14155550101";
const OWN_WHATSAPP = "+14155550102";
const SUB_NUMBER = "+14155550103";
const SUB_WHATSAPP = "+14155550104";

const own = (changes = {}) => ({ ...OWN, phone_number: OWN_NUMBER, is_active: true, ...changes });
const platform = (changes = {}) => ({
  ...SUB,
  parent: "default",
  phone_number: SUB_NUMBER,
  is_active: true,
  ...changes,
});
const requested = (messaging: string) => ({ messaging, by: "owner", at: new Date(0) });

interface Given {
  readonly integration?: object;
  readonly communication?: object;
  readonly channel?: TextChannel;
  readonly purpose?: "message" | "greeting" | "test";
}
function routed({ integration, communication = {}, channel = "sms", purpose = "message" }: Given) {
  return route({
    salon: Salon.parse({ name: "Anjali's Salon", communication }),
    integration:
      integration === undefined
        ? undefined
        : SalonIntegration.parse({ salon_id: "salon-anjali", ...integration }),
    message: outboundMessage({ channel, purpose }),
    now: ACCEPTED_AT,
  });
}

const throughOwn = { kind: "send", source: "salon_own", channel: "sms", credentials: OWN, spare: null };
const throughSub = {
  kind: "send",
  source: "platform_subaccount",
  channel: "sms",
  credentials: SUB,
  spare: null,
};
const hold = (request: boolean) => ({
  kind: "hold",
  reason: "provisioning",
  until: new Date("2026-11-02T04:30:30Z"),
  request,
});
const fail = (failureClass: string, reason: RegExp) => ({
  kind: "fail",
  failure: { class: failureClass, twilio_code: null, reason: expect.stringMatching(reason) },
});

describe("a message goes", () => {
  test.each<[string, Given, object]>([
    [
      "through the salon's own account",
      { integration: { twilio: own() } },
      { ...throughOwn, sender: OWN_NUMBER },
    ],
    [
      "through the own account although there is a subaccount too",
      { integration: { twilio: own(), platform: platform() } },
      { ...throughOwn, sender: OWN_NUMBER },
    ],
    [
      "by WhatsApp from the own WhatsApp number",
      { integration: { twilio: own({ whatsapp_number: OWN_WHATSAPP }) }, channel: "whatsapp" },
      { ...throughOwn, channel: "whatsapp", sender: OWN_WHATSAPP },
    ],
    [
      "by WhatsApp from the own number when that is both",
      { integration: { twilio: own() }, channel: "whatsapp" },
      { ...throughOwn, channel: "whatsapp", sender: OWN_NUMBER },
    ],
    [
      "by SMS from the own number, not the WhatsApp one",
      { integration: { twilio: own({ whatsapp_number: OWN_WHATSAPP }) } },
      { ...throughOwn, sender: OWN_NUMBER },
    ],
    [
      "through the subaccount",
      { integration: { platform: platform() } },
      { ...throughSub, sender: SUB_NUMBER },
    ],
    [
      "through the subaccount while the own account is not active",
      {
        integration: {
          twilio: own({ is_active: false }),
          platform: platform(),
          requested: requested("own_account"),
        },
      },
      { ...throughSub, sender: SUB_NUMBER },
    ],
    [
      "by WhatsApp from the subaccount's sender",
      { integration: { platform: platform({ whatsapp_number: SUB_WHATSAPP }) }, channel: "whatsapp" },
      { ...throughSub, channel: "whatsapp", sender: SUB_WHATSAPP },
    ],
    [
      "through a subaccount that is only about to be active, when it is the test of that",
      {
        integration: { platform: platform({ is_active: false, webhook_status: "configured" }) },
        purpose: "test",
      },
      { ...throughSub, sender: SUB_NUMBER },
    ],
  ])("%s", (_, given, expected) => {
    expect(routed(given)).toEqual(expected);
  });
});

describe("a message waits", () => {
  const unfinished = platform({ is_active: false });
  const configured = platform({ is_active: false, webhook_status: "configured" });
  test.each<[string, Given, boolean]>([
    ["and asks, where there is no integration yet", {}, true],
    ["and asks, where nothing was asked for", { integration: {} }, true],
    ["where messaging was asked for", { integration: { requested: requested("platform") } }, false],
    [
      "for its subaccount to be active",
      { integration: { requested: requested("platform"), platform: configured } },
      false,
    ],
    [
      "for the webhooks, even the test message",
      { integration: { requested: requested("platform"), platform: unfinished }, purpose: "test" },
      false,
    ],
  ])("%s", (_, given, request) => {
    expect(routed(given)).toEqual(hold(request));
  });
});

describe("a message fails", () => {
  test.each<[string, Given, object]>([
    [
      "when the salon has switched SMS off",
      { integration: { platform: platform() }, communication: { sms_enabled: false } },
      fail("sender", /switched sms off/),
    ],
    [
      "when the salon has switched WhatsApp off",
      {
        integration: { platform: platform() },
        communication: { whatsapp_enabled: false },
        channel: "whatsapp",
      },
      fail("sender", /switched whatsapp off/),
    ],
    [
      "when messaging is switched off, although an account is active",
      { integration: { requested: requested("off"), twilio: own(), platform: platform() } },
      fail("account", /switched off for this salon/),
    ],
    [
      "when the own account is wanted and not active, and there is no other",
      { integration: { requested: requested("own_account"), twilio: own({ is_active: false }) } },
      fail("account", /finish its set-up/),
    ],
    [
      "when the active own account has no token",
      { integration: { twilio: own({ auth_token: null }), platform: platform() } },
      fail("credential", /no credentials/),
    ],
    [
      "when the active own account has no SID",
      { integration: { twilio: own({ account_sid: null }) } },
      fail("credential", /no credentials/),
    ],
    [
      "when the own account has no number",
      { integration: { twilio: own({ phone_number: null }) } },
      fail("sender", /no number that can send by sms/),
    ],
    [
      "when the own account has something that is no number",
      { integration: { twilio: own({ phone_number: "+0" }) } },
      fail("sender", /no number that can send by sms/),
    ],
    [
      "when the subaccount has no WhatsApp sender: its SMS number is none",
      { integration: { platform: platform() }, channel: "whatsapp" },
      fail("sender", /no number that can send by whatsapp/),
    ],
  ])("%s", (_, given, expected) => {
    expect(routed(given)).toEqual(expected);
  });

  test("never with a word of the credentials", () => {
    const reasons = JSON.stringify([
      routed({ integration: { twilio: own({ auth_token: null }) } }),
      routed({ integration: { twilio: own({ phone_number: "+0" }) } }),
    ]);
    expect(reasons).not.toContain(OWN.account_sid.ciphertext);
    expect(reasons).not.toContain("+0");
  });
});

test.each<[string, object | undefined, object[]]>([
  ["no integration", undefined, []],
  ["an integration without accounts", {}, []],
  ["both accounts", { twilio: own(), platform: platform() }, [OWN, SUB]],
  ["an own account that is no longer active", { twilio: own({ is_active: false }) }, [OWN]],
  ["an own account without a token", { twilio: own({ auth_token: null }), platform: platform() }, [SUB]],
])("with %s these accounts may have been asked", (_, integration, expected) => {
  const parsed =
    integration === undefined
      ? undefined
      : SalonIntegration.parse({ salon_id: "salon-anjali", ...integration });
  expect(sealedCredentialsOf(parsed, new Date())).toMatchObject(expected);
  expect(sealedCredentialsOf(parsed, new Date())).toHaveLength(expected.length);
});

test("a token that is about to become current is sent with at once, the current one is spared", () => {
  const next = { ...OWN.auth_token, ciphertext: Buffer.from("n".repeat(32)).toString("base64") };
  const next_auth_token = { auth_token: next, origin: "secondary", stored_at: new Date() };
  expect(routed({ integration: { twilio: own({ next_auth_token }) } })).toMatchObject({
    credentials: { account_sid: OWN.account_sid, auth_token: next },
    spare: OWN,
  });
});
