import type { TwilioConfig } from "#shared/salons/integration.ts";
import type { NumberWebhooks } from "#shared/twilio/number-schemas.ts";
import type { OurWebhooks } from "#shared/twilio/numbers.ts";
import type { SenderWebhooks } from "#shared/twilio/whatsapp-senders.ts";

/** `twilio.earlier_webhooks`: of the number under Twilio's names, of the WhatsApp sender with a prefix before them. */
export type EarlierWebhooks = Readonly<Record<string, string>>;

const SENDER_PREFIX = "whatsapp_";

/** What a number had, without addresses of our own: those are nothing to go back to. */
export function rememberedNumber(earlier: NumberWebhooks, ours: OurWebhooks): EarlierWebhooks {
  const ourUrls: readonly string[] = Object.values(ours);
  const entries = Object.entries(earlier);
  return Object.fromEntries(entries.map(([name, value]) => [name, ourUrls.includes(value) ? "" : value]));
}

export function rememberedSender(earlier: SenderWebhooks): EarlierWebhooks {
  return Object.fromEntries(
    Object.entries(earlier).map(([name, value]) => [`${SENDER_PREFIX}${name}`, value]),
  );
}

/** What the number had; nothing at all where nothing is remembered. */
function earlierNumber(remembered: EarlierWebhooks | null): NumberWebhooks {
  return valuesFor(NO_NUMBER_WEBHOOKS, remembered, "");
}

/**
 * What to put back on a number that has `has`: what is remembered, wherever the address is still ours. Another address is
 * its owner's since, and so is an application or a trunk: all of them had been taken away.
 */
export function handedBack(
  has: NumberWebhooks,
  ours: OurWebhooks,
  remembered: EarlierWebhooks | null,
): Partial<NumberWebhooks> {
  const earlier = earlierNumber(remembered);
  const isOurs = (address: keyof OurWebhooks) => has[address] === ours[address];
  const isBound = has.voiceApplicationSid !== "" || has.trunkSid !== "";
  const names = [
    ...(isOurs("smsUrl") ? SMS : []),
    ...(isOurs("smsUrl") && has.smsApplicationSid === "" ? SMS_BINDING : []),
    ...(isOurs("voiceUrl") ? VOICE : []),
    ...(isOurs("voiceUrl") && !isBound ? VOICE_BINDING : []),
    ...(isOurs("statusCallback") ? STATUS : []),
    // One page for all salons: ours by what else is this salon's.
    ...(isOurs("voiceFallbackUrl") && (isOurs("voiceUrl") || isOurs("statusCallback")) ? VOICE_FALLBACK : []),
  ];
  return Object.fromEntries(names.map((name) => [name, earlier[name]]));
}

export function earlierSender(remembered: EarlierWebhooks | null): SenderWebhooks {
  return valuesFor(NO_SENDER_WEBHOOKS, remembered, SENDER_PREFIX);
}

/** Drops what is remembered of the WhatsApp sender, or of the number. */
export function forgetting(
  remembered: EarlierWebhooks | null,
  { number, sender }: { readonly number: boolean; readonly sender: boolean },
): Record<string, string> | null {
  const kept = Object.entries(remembered ?? {}).filter(([name]) =>
    name.startsWith(SENDER_PREFIX) ? !sender : !number,
  );
  return kept.length === 0 ? null : Object.fromEntries(kept);
}

/** What of the number and the WhatsApp sender that were used before is used no longer. */
export function leftBehind(
  before: TwilioConfig,
  after: TwilioConfig,
): { readonly number: boolean; readonly sender: boolean } {
  const isSameAccount = before.account_sid?.ciphertext === after.account_sid?.ciphertext;
  return {
    number: !isSameAccount || before.phone_number_sid !== after.phone_number_sid,
    sender: !isSameAccount || before.whatsapp_number !== after.whatsapp_number,
  };
}

function valuesFor<T extends Readonly<Record<string, string>>>(
  nothing: T,
  remembered: EarlierWebhooks | null,
  prefix: string,
): T {
  const known = Object.keys(nothing).flatMap((name) => {
    const value = remembered?.[`${prefix}${name}`];
    return value === undefined ? [] : [[name, value] as const];
  });
  return { ...nothing, ...Object.fromEntries(known) };
}

const SMS = ["smsUrl", "smsMethod", "smsFallbackUrl", "smsFallbackMethod"] as const;
const SMS_BINDING = ["smsApplicationSid"] as const;
const VOICE = ["voiceUrl", "voiceMethod"] as const;
const VOICE_BINDING = ["voiceApplicationSid", "trunkSid"] as const;
const VOICE_FALLBACK = ["voiceFallbackUrl", "voiceFallbackMethod"] as const;
const STATUS = ["statusCallback", "statusCallbackMethod"] as const;

const NO_NUMBER_WEBHOOKS: NumberWebhooks = {
  smsUrl: "",
  smsMethod: "POST",
  smsFallbackUrl: "",
  smsFallbackMethod: "POST",
  smsApplicationSid: "",
  voiceUrl: "",
  voiceMethod: "POST",
  voiceFallbackUrl: "",
  voiceFallbackMethod: "POST",
  voiceApplicationSid: "",
  statusCallback: "",
  statusCallbackMethod: "POST",
  trunkSid: "",
};
const NO_SENDER_WEBHOOKS = {
  callbackUrl: "",
  callbackMethod: "POST",
  fallbackUrl: "",
  fallbackMethod: "POST",
  statusCallbackUrl: "",
  statusCallbackMethod: "POST",
};
