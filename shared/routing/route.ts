import { E164 } from "#shared/core/phone.ts";
import type { Failure, OutboundMessage, Source } from "#shared/messages/message.ts";
import type { PlatformConfig, SalonIntegration, TwilioConfig } from "#shared/salons/integration.ts";
import { ownTokens, sendingTokens } from "#shared/salons/own-tokens.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Envelope } from "#shared/vault/envelope.ts";

export interface SealedCredentials {
  readonly account_sid: Envelope;
  readonly auth_token: Envelope;
}

/** All accounts a salon's messages may have gone through, with every token that Twilio may still take for them. */
export function sealedCredentialsOf(
  integration: SalonIntegration | undefined,
  now: Date,
): SealedCredentials[] {
  if (integration === undefined) return [];
  const { twilio, platform } = integration;
  const previous = ownTokens(twilio, now).filter(({ role }) => role === "previous");
  const own = [...sendingTokens(twilio), ...previous];
  return platform === null ? own : [...own, platform];
}

/** Where a message goes next. */
export type Route =
  | {
      readonly kind: "send";
      readonly source: Source;
      readonly sender: E164;
      readonly credentials: SealedCredentials;
      /** For the same account, should Twilio refuse the first: a token that is about to be replaced, or was dropped. */
      readonly spare: SealedCredentials | null;
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
  const [first, spare = null] = sendingTokens(own);
  if (first === undefined) {
    return fail(
      "credential",
      "The salon's own Twilio account has no credentials; enter them in the settings.",
    );
  }
  const number =
    message.channel === "whatsapp" ? (own.whatsapp_number ?? own.phone_number) : own.phone_number;
  return send("salon_own", number, { first, spare }, message);
}

function throughSubaccount(platform: PlatformConfig, message: RouteInput["message"]): Route {
  const number = message.channel === "whatsapp" ? platform.whatsapp_number : platform.phone_number;
  return send("platform_subaccount", number, { first: platform, spare: null }, message);
}

function send(
  source: Source,
  number: string | null,
  { first, spare }: { readonly first: SealedCredentials; readonly spare: SealedCredentials | null },
  { channel }: RouteInput["message"],
): Route {
  const sender = E164.safeParse(number);
  if (!sender.success) return fail("sender", `The salon has no number that can send by ${channel}.`);
  return {
    kind: "send",
    source,
    sender: sender.data,
    credentials: onlySealed(first),
    spare: spare === null ? null : onlySealed(spare),
  };
}

function onlySealed({ account_sid, auth_token }: SealedCredentials): SealedCredentials {
  return { account_sid, auth_token };
}

function channelOff(salon: Salon, { channel }: RouteInput["message"]): Route | undefined {
  const enabled = channel === "sms" ? salon.communication.sms_enabled : salon.communication.whatsapp_enabled;
  return enabled ? undefined : fail("sender", `The salon has switched ${channel} off in its settings.`);
}

function fail(failureClass: Failure["class"], reason: string): Route {
  return { kind: "fail", failure: { class: failureClass, twilio_code: null, reason } };
}
