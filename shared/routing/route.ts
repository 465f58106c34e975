import { E164 } from "#shared/core/phone.ts";
import type { Failure, OutboundMessage, Source } from "#shared/messages/message.ts";
import type { PlatformConfig, SalonIntegration, TwilioConfig } from "#shared/salons/integration.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Envelope } from "#shared/vault/envelope.ts";

export interface SealedCredentials {
  readonly account_sid: Envelope;
  readonly auth_token: Envelope;
}

/** All accounts a salon's messages may have gone through. */
export function sealedCredentialsOf(integration: SalonIntegration | undefined): SealedCredentials[] {
  const own = integration?.twilio;
  const platform = integration?.platform;
  const ownCredentials =
    own?.account_sid != null && own.auth_token != null
      ? [{ account_sid: own.account_sid, auth_token: own.auth_token }]
      : [];
  return platform == null ? ownCredentials : [...ownCredentials, platform];
}

/** Where a message goes next. */
export type Route =
  | {
      readonly kind: "send";
      readonly source: Source;
      readonly sender: E164;
      readonly credentials: SealedCredentials;
    }
  /** `request`: nobody has asked for messaging yet, so this first message does (spec §5.1). */
  | { readonly kind: "hold"; readonly reason: "provisioning"; readonly request: boolean }
  | { readonly kind: "fail"; readonly failure: Failure };

export interface RouteInput {
  readonly salon: Salon;
  readonly integration: SalonIntegration | undefined;
  readonly message: Pick<OutboundMessage, "channel" | "purpose">;
}

/**
 * Chooses the account and the sender of a message (spec §5.1): the salon's own Twilio when it is active, else its
 * subaccount, else one is provisioned.
 */
export function route({ salon, integration, message }: RouteInput): Route {
  const off = channelOff(salon, message);
  if (off !== undefined) return off;
  if (integration?.requested?.messaging === "off") {
    return fail("account", "Messaging is switched off for this salon; switch it on in the settings.");
  }
  const own = integration?.twilio;
  if (own?.is_active) return throughOwnAccount(own, message);
  const platform = integration?.platform;
  if (platform != null && isUsable(platform, message)) return throughSubaccount(platform, message);
  if (integration?.requested?.messaging === "own_account") {
    return fail(
      "account",
      "The salon's own Twilio account is not active; finish its set-up in the settings.",
    );
  }
  return { kind: "hold", reason: "provisioning", request: integration?.requested == null };
}

/** The test message is what provisioning ends with, so it alone goes out before the subaccount is active. */
function isUsable(platform: PlatformConfig, message: RouteInput["message"]): boolean {
  if (platform.is_active) return true;
  return message.purpose === "test" && platform.webhook_status === "configured";
}

function throughOwnAccount(own: TwilioConfig, message: RouteInput["message"]): Route {
  const { account_sid, auth_token } = own;
  if (account_sid === null || auth_token === null) {
    return fail(
      "credential",
      "The salon's own Twilio account has no credentials; enter them in the settings.",
    );
  }
  const number =
    message.channel === "whatsapp" ? (own.whatsapp_number ?? own.phone_number) : own.phone_number;
  return send("salon_own", number, { account_sid, auth_token }, message);
}

function throughSubaccount(platform: PlatformConfig, message: RouteInput["message"]): Route {
  const number = message.channel === "whatsapp" ? platform.whatsapp_number : platform.phone_number;
  return send("platform_subaccount", number, platform, message);
}

function send(
  source: Source,
  number: string | null,
  { account_sid, auth_token }: SealedCredentials,
  { channel }: RouteInput["message"],
): Route {
  const sender = E164.safeParse(number);
  if (!sender.success) return fail("sender", `The salon has no number that can send by ${channel}.`);
  return { kind: "send", source, sender: sender.data, credentials: { account_sid, auth_token } };
}

function channelOff(salon: Salon, { channel }: RouteInput["message"]): Route | undefined {
  const enabled = channel === "sms" ? salon.communication.sms_enabled : salon.communication.whatsapp_enabled;
  return enabled ? undefined : fail("sender", `The salon has switched ${channel} off in its settings.`);
}

function fail(failureClass: Failure["class"], reason: string): Route {
  return { kind: "fail", failure: { class: failureClass, twilio_code: null, reason } };
}
