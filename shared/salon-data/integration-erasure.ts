import { type SalonIntegration, TwilioConfig } from "#shared/salons/integration.ts";

type Change = Partial<SalonIntegration>;

/** Messaging switched off, so that nobody sends any more; the credentials stay for what is still to be done at Twilio. */
export function closed(integration: SalonIntegration, by: string, now: Date): Change {
  return {
    requested: { messaging: "off", by, at: now },
    twilio: { ...integration.twilio, is_active: false },
    platform: integration.platform === null ? null : { ...integration.platform, is_active: false },
    status: "not_configured",
    status_reason: "The salon's messaging data is being erased.",
  };
}

/**
 * The integration without any credential: current, next and previous. With each envelope goes its wrapped data key, so
 * that a ciphertext which has got elsewhere stays closed. Undefined when there is none.
 */
export function withoutCredentials({ twilio, platform }: SalonIntegration): Change | undefined {
  const own = [twilio.account_sid, twilio.auth_token, twilio.next_auth_token, twilio.previous];
  if (platform === null && own.every((credential) => credential === null)) return undefined;
  return {
    twilio: TwilioConfig.parse({}),
    platform: null,
    rotation: null,
    status: "not_configured",
    status_reason: "The salon's messaging data was erased.",
  };
}
