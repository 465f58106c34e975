import type { E164 } from "#shared/core/phone.ts";
import type { AttemptChannel, OutboundMessage } from "#shared/messages/message.ts";
import type { Report } from "#shared/messages/reports.ts";
import { twilioState } from "#shared/messages/state.ts";
import type { Message, MessageContent, OutgoingMessage } from "#shared/twilio/messages.ts";

/** Twilio may keep a message queued for 10 hours at most; its own default is just that, late for a reminder. */
const MAX_VALIDITY_SECONDS = 36_000;

/** Twilio writes WhatsApp addresses with a prefix, on both sides. */
export function addressOn(channel: AttemptChannel, number: string): string {
  return channel === "whatsapp" ? `whatsapp:${number}` : number;
}

export interface Envelope {
  readonly channel: AttemptChannel;
  readonly to: E164;
  readonly sender: string;
  readonly content: MessageContent;
  readonly statusCallback: string;
  readonly expiresAt: Date;
}

export function messageParameters(
  { channel, to, sender, content, statusCallback, expiresAt }: Envelope,
  now: Date,
): OutgoingMessage {
  const remaining = Math.ceil((expiresAt.getTime() - now.getTime()) / 1000);
  return {
    ...content,
    to: addressOn(channel, to),
    from: addressOn(channel, sender),
    statusCallback,
    validityPeriodSeconds: Math.min(MAX_VALIDITY_SECONDS, Math.max(1, remaining)),
  };
}

/** Our own words, as they are stored. */
export function ownWords({ body, media }: Pick<OutboundMessage, "body" | "media">): MessageContent {
  return media.length === 0 ? { body } : { body, mediaUrls: media };
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
