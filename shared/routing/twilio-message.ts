import type { E164 } from "#shared/core/phone.ts";
import type { OutboundMessage, TextChannel } from "#shared/messages/message.ts";
import { twilioState } from "#shared/messages/state.ts";
import type { Report } from "#shared/messages/transitions.ts";
import type { Message, OutgoingMessage } from "#shared/twilio/messages.ts";

/** Twilio may keep a message queued for 10 hours at most; its own default is just that, late for a reminder. */
const MAX_VALIDITY_SECONDS = 36_000;

/** Twilio writes WhatsApp addresses with a prefix, on both sides. */
export function addressOn(channel: TextChannel, number: E164): string {
  return channel === "whatsapp" ? `whatsapp:${number}` : number;
}

export function messageParameters(
  { channel, to, body, expires_at }: OutboundMessage,
  sender: E164,
  statusCallback: string,
  now: Date,
): OutgoingMessage {
  const remaining = Math.ceil((expires_at.getTime() - now.getTime()) / 1000);
  return {
    to: addressOn(channel, to),
    from: addressOn(channel, sender),
    body,
    statusCallback,
    validityPeriodSeconds: Math.min(MAX_VALIDITY_SECONDS, Math.max(1, remaining)),
  };
}

/** What Twilio's message says about our attempt; a word we do not know means at least that Twilio has it. */
export function reportOf({ sid, status, errorCode, segments }: Message): Report {
  return {
    sid,
    state: twilioState(status) ?? "queued",
    segments,
    ...(errorCode === undefined ? {} : { errorCode }),
  };
}
