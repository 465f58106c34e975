import { plusSeconds } from "#shared/core/clock.ts";
import { E164 } from "#shared/core/phone.ts";
import { fallsBack } from "#shared/messages/fallback.ts";
import { mayGoAt } from "#shared/messages/may-go.ts";
import type { Failure, HoldReason, OutboundMessage, Source, TextChannel } from "#shared/messages/message.ts";
import type { SealedCredentials } from "#shared/salons/credentials.ts";
import { TROUBLE_WAIT_SECONDS } from "#shared/salons/health.ts";
import type { PlatformConfig, SalonIntegration, TwilioConfig } from "#shared/salons/integration.ts";
import { sendingTokens } from "#shared/salons/own-tokens.ts";
import type { Salon } from "#shared/salons/salon.ts";

/** Where a message goes next. */
export type Route =
  | {
      readonly kind: "send";
      readonly source: Extract<Source, "salon_own" | "platform_subaccount">;
      readonly channel: TextChannel;
      /** A phone number, or the salon's alphanumeric sender. */
      readonly sender: string;
      readonly credentials: SealedCredentials;
      /** For the same account, should Twilio refuse the first: a token that is about to be replaced, or was dropped. */
      readonly spare: SealedCredentials | null;
    }
  /** The other way of a critical message: by SMS from one of the platform's numbers, or by e-mail. */
  | { readonly kind: "default_sender" }
  | { readonly kind: "email"; readonly to: string; readonly subject: string }
  /** `request`: nobody has asked for messaging yet, so this first message does (spec §5.1). */
  | {
      readonly kind: "hold";
      readonly reason: HoldReason;
      readonly until: Date;
      readonly request: boolean;
    }
  /** Its own way is known to fail, so it is not tried. */
  | { readonly kind: "fallback"; readonly failure: Failure }
  | { readonly kind: "fail"; readonly failure: Failure };

export interface RouteInput {
  readonly salon: Salon;
  readonly integration: SalonIntegration | undefined;
  readonly message: OutboundMessage;
  readonly now: Date;
}

/** How long a message waits for a provisioning that nobody reports finished. */
const PROVISIONING_WAIT_SECONDS = 30;

/**
 * Chooses the account and the sender of a message (spec §5.1): the salon's own Twilio when it is active, else its
 * subaccount, else one is provisioned. A message whose own way has failed takes the other one.
 */
export function route(input: RouteInput): Route {
  const { salon, integration, message, now } = input;
  if (integration?.requested?.messaging === "off") {
    return fail("account", "Messaging is switched off for this salon; switch it on in the settings.");
  }
  if (message.on_fallback) return otherWay(salon, message);
  const off = channelOff(salon, message.channel);
  if (off !== undefined) return off;
  const tooEarly = outsideHours(salon, message, now);
  if (tooEarly !== undefined) return tooEarly;
  const way = ownWay(input);
  return way.kind === "send" ? (inTrouble(integration, message, way.source, now) ?? way) : way;
}

function ownWay({ salon, integration, message, now }: RouteInput): Route {
  const own = integration?.twilio;
  if (own?.is_active) return throughOwnAccount(own, salon, message);
  const platform = integration?.platform;
  if (platform != null && isUsable(platform, message)) return throughSubaccount(platform, salon, message);
  if (integration?.requested?.messaging === "own_account") {
    return fail(
      "account",
      "The salon's own Twilio account is not active; finish its set-up in the settings.",
    );
  }
  const until = plusSeconds(now, PROVISIONING_WAIT_SECONDS);
  return { kind: "hold", reason: "provisioning", until, request: integration?.requested == null };
}

function otherWay(salon: Salon, { fallback, failure }: OutboundMessage): Route {
  if (fallback?.channel === "email") return { kind: "email", to: fallback.to, subject: fallback.subject };
  if (fallback?.channel === "sms") return channelOff(salon, "sms") ?? { kind: "default_sender" };
  const nowhere: Failure = { class: "sender", twilio_code: null, reason: "There is no other way for it." };
  return { kind: "fail", failure: failure ?? nowhere };
}

function outsideHours(salon: Salon, message: OutboundMessage, now: Date): Route | undefined {
  const { at, reason } = mayGoAt(salon, message, now);
  return reason === null || at <= now ? undefined : { kind: "hold", reason, until: at, request: false };
}

/** While the account or its sender is in trouble nothing is wasted on it; a test message is how a person looks. */
function inTrouble(
  integration: SalonIntegration | undefined,
  message: OutboundMessage,
  source: "salon_own" | "platform_subaccount",
  now: Date,
): Route | undefined {
  const trouble = integration?.health[source];
  if (trouble == null || message.purpose === "test") return undefined;
  if (trouble.channel !== null && trouble.channel !== message.channel) return undefined;
  const failure: Failure = { class: trouble.class, twilio_code: null, reason: trouble.reason };
  if (fallsBack(message, message.channel, failure)) return { kind: "fallback", failure };
  const until = plusSeconds(now, TROUBLE_WAIT_SECONDS);
  return { kind: "hold", reason: "account_trouble", until, request: false };
}

/** The test message is what provisioning ends with, so it alone goes out before the subaccount is active. */
function isUsable(platform: PlatformConfig, message: OutboundMessage): boolean {
  if (platform.is_active) return true;
  return message.purpose === "test" && platform.webhook_status === "configured";
}

function throughOwnAccount(own: TwilioConfig, salon: Salon, message: OutboundMessage): Route {
  const [first, spare = null] = sendingTokens(own);
  if (first === undefined) {
    return fail(
      "credential",
      "The salon's own Twilio account has no credentials; enter them in the settings.",
    );
  }
  const number =
    message.channel === "whatsapp" ? (own.whatsapp_number ?? own.phone_number) : own.phone_number;
  return send("salon_own", senderOf(salon, message.channel, number), { first, spare }, message);
}

function throughSubaccount(platform: PlatformConfig, salon: Salon, message: OutboundMessage): Route {
  const number = message.channel === "whatsapp" ? platform.whatsapp_number : platform.phone_number;
  const sender = senderOf(salon, message.channel, number);
  return send("platform_subaccount", sender, { first: platform, spare: null }, message);
}

/** A salon with an alphanumeric sender has it on its SMS, which then cannot be answered. */
function senderOf(salon: Salon, channel: TextChannel, number: string | null): string | undefined {
  if (channel === "sms" && salon.communication.sms_sender_id !== null)
    return salon.communication.sms_sender_id;
  return E164.safeParse(number).data;
}

function send(
  source: "salon_own" | "platform_subaccount",
  sender: string | undefined,
  { first, spare }: { readonly first: SealedCredentials; readonly spare: SealedCredentials | null },
  { channel }: OutboundMessage,
): Route {
  if (sender === undefined) return fail("sender", `The salon has no number that can send by ${channel}.`);
  return {
    kind: "send",
    source,
    channel,
    sender,
    credentials: onlySealed(first),
    spare: spare === null ? null : onlySealed(spare),
  };
}

function onlySealed({ account_sid, auth_token }: SealedCredentials): SealedCredentials {
  return { account_sid, auth_token };
}

function channelOff(salon: Salon, channel: TextChannel): Route | undefined {
  const enabled = channel === "sms" ? salon.communication.sms_enabled : salon.communication.whatsapp_enabled;
  return enabled ? undefined : fail("sender", `The salon has switched ${channel} off in its settings.`);
}

function fail(failureClass: Failure["class"], reason: string): Route {
  return { kind: "fail", failure: { class: failureClass, twilio_code: null, reason } };
}
