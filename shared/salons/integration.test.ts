import { describe, expect, it } from "vitest";
import { CommunicationSettings, withSalonName } from "./communication-settings.ts";
import { SalonIntegration, TwilioConfig } from "./integration.ts";

describe("the stored documents", () => {
  it("have every field and default of the spec: TwilioConfig (§3.1)", () => {
    expect(TwilioConfig.parse({})).toMatchObject({
      account_sid: null,
      auth_token: null,
      phone_number: null,
      whatsapp_number: null,
      mode: "sandbox",
      is_active: false,
      is_verified: false,
      verification_status: "pending",
      capabilities: { voice: false, sms: false, whatsapp: false, mms: false },
      webhook_base_url: null,
      webhook_status: "not_configured",
      usage: {
        messages_sent: 0,
        messages_received: 0,
        calls_made: 0,
        calls_received: 0,
        whatsapp_sent: 0,
        whatsapp_received: 0,
        last_updated: null,
      },
      billing_mode: "platform",
      configured_at: null,
      verified_at: null,
      last_used_at: null,
    });
  });

  it("have every field and default of the spec: SalonIntegration (§3.1)", () => {
    const { twilio, created_at, updated_at, ...rest } = SalonIntegration.parse({ salon_id: "salon-1" });
    expect(twilio).toEqual(TwilioConfig.parse({}));
    expect([created_at, updated_at]).toEqual([expect.any(Date), expect.any(Date)]);
    expect(rest).toMatchObject({
      salon_id: "salon-1",
      email: null,
      payment: null,
      analytics: null,
      status: "not_configured",
      created_by: null,
      updated_by: null,
    });
  });

  it("have every field and default of the spec: CommunicationSettings (§3.2)", () => {
    expect(CommunicationSettings.parse({})).toMatchObject({
      primary_channel: "whatsapp",
      fallback_channel: "sms",
      whatsapp_enabled: true,
      whatsapp_greeting: "Welcome to {salon_name}! How can I help you today?",
      whatsapp_business_hours_only: true,
      voice_enabled: true,
      voice_greeting: "Thank you for calling {salon_name}. Press 1 to book, 2 for hours.",
      voice_transfer_number: null,
      voice_business_hours_only: true,
      sms_enabled: true,
      sms_sender_id: null,
      default_language: "en",
      supported_languages: ["en", "hi", "te"],
    });
  });

  it("refuse a phone number that does not start with +", () => {
    expect(TwilioConfig.safeParse({ phone_number: "14155550123" }).error?.issues[0]?.message).toBe(
      "Phone number must be in E.164 format (+countrycode...)",
    );
  });

  it("put the salon's name in as it is, whatever it holds", () => {
    expect(withSalonName("Welcome to {salon_name}! {salon_name}?", "Cut & $& Co")).toBe(
      "Welcome to Cut & $& Co! Cut & $& Co?",
    );
  });
});
