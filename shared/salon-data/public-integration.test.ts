import { expect, test } from "vitest";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { publicIntegration } from "./public-integration.ts";

const base64 = (letter: string, bytes: number) => Buffer.from(letter.repeat(bytes)).toString("base64");
const envelope = { ciphertext: base64("c", 48), data_key: base64("k", 32), nonce: base64("n", 12) };
const credentials = { account_sid: envelope, auth_token: envelope };
const at = new Date("2026-11-22T10:00:00Z");

const shown = publicIntegration(
  SalonIntegration.parse({
    salon_id: "salon-anjali",
    twilio: {
      ...credentials,
      next_auth_token: { auth_token: envelope, origin: "pasted", stored_at: at },
      previous: {
        ...credentials,
        phone_number: "+14155550101",
        whatsapp_number: null,
        rotated_at: at,
        expires_at: at,
      },
      earlier_webhooks: { smsUrl: "https://user:hunter2@salon.example/sms?key=opensesame" },
    },
    platform: { ...credentials, parent: "default" },
  }),
);

/** A field that is added to the integration is not among these, and so stays inside. */
const PUBLIC = {
  integration:
    "created_at created_by platform requested revision rotation salon_id status status_reason twilio updated_at updated_by",
  twilio:
    "billing_mode capabilities configured_at earlier_webhooks is_active is_verified last_used_at mode next_auth_token phone_number phone_number_sid previous rotated_at token_signs_since usage verification_status verified_at webhook_base_url webhook_status whatsapp_number",
  next_auth_token: "origin stored_at",
  previous: "expires_at phone_number rotated_at whatsapp_number",
  platform:
    "capabilities configured_at is_active parent phone_number phone_number_sid webhook_status whatsapp_number",
};

test("an integration shows the fields that are listed and no other", () => {
  const fields = (part: object | null) =>
    Object.keys(part ?? {})
      .toSorted()
      .join(" ");
  const { twilio, platform } = shown;
  expect({
    integration: fields(shown),
    twilio: fields(twilio),
    next_auth_token: fields(twilio.next_auth_token),
    previous: fields(twilio.previous),
    platform: fields(platform),
  }).toEqual(PUBLIC);
});

test("an integration shows no credential, and no password of an earlier webhook", () => {
  expect(JSON.stringify(shown)).not.toMatch(/ciphertext|data_key|nonce|hunter2|opensesame/);
  expect(shown.twilio.earlier_webhooks).toEqual({ smsUrl: "https://salon.example/sms" });
});
