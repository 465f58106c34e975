import { z } from "zod";
import { MessageId, SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { Language } from "#shared/salons/communication-settings.ts";
import { InboundDetails } from "./inbound-details.ts";
import {
  Failure,
  HoldReason,
  type InboundMessage,
  type OutboundMessage,
  OutboundMessage as Stored,
  TextChannel,
} from "./message.ts";
import { MessageState } from "./state.ts";

/**
 * What `message-events` tells: every state a message comes to, from `accepted` on. At least once, in no order: `event_id`
 * is the same when the same change is told again, and `occurred_at` says which of two is the later one. Nothing
 * personal is in it; who needs the text or the number asks `GET /v1/messages/{id}`.
 */
export const MessageEvent = z.strictObject({
  version: z.literal(1),
  event_id: z.string(),
  salon_id: SalonId,
  message_id: MessageId,
  idempotency_key: z.string(),
  purpose: Stored.shape.purpose,
  channel: TextChannel,
  state: MessageState,
  hold_reason: HoldReason.nullable(),
  /** Twilio's code of the last attempt, if it named one. */
  error_code: z.int().nullable(),
  failure: Failure.nullable(),
  /** Attempts so far, and what the last one went by. */
  attempt: z.int().nonnegative(),
  attempt_channel: z.enum(["sms", "whatsapp", "email"]).nullable(),
  source: z.enum(["salon_own", "platform_subaccount", "platform_default", "email"]).nullable(),
  occurred_at: z.iso.datetime(),
});
export type MessageEvent = z.infer<typeof MessageEvent>;

/**
 * What `inbound-messages` tells: a customer's message, once or more; `event_id` is Twilio's SID of it. What Twilio or we
 * learn to tell beside it becomes an optional field of version 1, so a reader passes over fields it does not know; a
 * field that changes or goes makes version 2.
 */
export const InboundEvent = z.strictObject({
  version: z.literal(1),
  event_id: z.string(),
  message_id: MessageId,
  salon_id: SalonId,
  channel: TextChannel,
  /** Mostly a phone number in E.164, at times a short code or a name. */
  from: z.string(),
  to: E164,
  body: z.string(),
  media: z.array(z.strictObject({ url: z.string(), content_type: z.string() })),
  received_at: z.iso.datetime(),
  segments: z.int().positive().optional(),
  /** The language that its automatic answers are in: by its script, else as the customer wrote before. */
  language: Language.optional(),
  ...InboundDetails.shape,
});
export type InboundEvent = z.infer<typeof InboundEvent>;

/** A customer's message as it is told. The text is in it: the topic is private. */
export function inboundEvent(message: InboundMessage): InboundEvent {
  return {
    version: 1,
    event_id: message.twilio_sid,
    message_id: message.id,
    salon_id: message.salon_id,
    channel: message.channel,
    from: message.from,
    to: message.to,
    body: message.body,
    media: message.media,
    received_at: message.received_at.toISOString(),
    segments: message.segments,
    ...(message.language === null ? {} : { language: message.language }),
    ...message.details,
  };
}

/** Whether a change of a message is one of its state: noted prices and times to look again are none. */
export function isStateChange(before: OutboundMessage | undefined, after: OutboundMessage): boolean {
  return (
    before?.state !== after.state ||
    before.hold_reason !== after.hold_reason ||
    before.attempts.length !== after.attempts.length
  );
}

/** A message as a change has left it. */
export function messageEvent(message: OutboundMessage, eventId: string): MessageEvent {
  const attempt = message.attempts.at(-1);
  return {
    version: 1,
    event_id: eventId,
    salon_id: message.salon_id,
    message_id: message.id,
    idempotency_key: message.idempotency_key,
    purpose: message.purpose,
    channel: message.channel,
    state: message.state,
    hold_reason: message.hold_reason,
    error_code: attempt?.error_code ?? null,
    failure: message.failure,
    attempt: message.attempts.length,
    attempt_channel: attempt?.channel ?? null,
    source: attempt?.source ?? null,
    occurred_at: message.updated_at.toISOString(),
  };
}
