import { type SalonIntegration, TwilioConfig } from "#shared/salons/integration.ts";
import type { Change } from "#shared/salons/integration-changes.ts";

type Fields = Change["fields"];

/**
 * Messaging switched off and closed to everybody else's changes, so that nobody sends, sets up or saves any more; the
 * credentials stay for what is still to be done at Twilio.
 */
export function closed({ twilio, platform }: SalonIntegration, by: string, now: Date): Fields {
  return {
    requested: { messaging: "off", by, at: now },
    erasing: true,
    twilio: { ...twilio, is_active: false },
    platform: platform === null ? null : { ...platform, is_active: false },
    status: "not_configured",
    status_reason: "The salon's messaging data is being erased.",
  };
}

/**
 * The integration without any credential: current, next and previous. With each envelope goes its wrapped data key, so
 * that a ciphertext which has got elsewhere stays closed. Nothing where there is none.
 */
export function withoutCredentials({ twilio, platform }: SalonIntegration): Fields {
  const own = [twilio.account_sid, twilio.auth_token, twilio.next_auth_token, twilio.previous];
  if (platform === null && own.every((credential) => credential === null)) return {};
  return { twilio: TwilioConfig.parse({}), platform: null, rotation: null };
}

/** Open to changes again: a salon may come back, and begins anew. Nothing is sent before its owner asks for it. */
export function reopened(): Fields {
  return {
    erasing: false,
    status: "not_configured",
    status_reason: "The salon's messaging data was erased.",
  };
}
