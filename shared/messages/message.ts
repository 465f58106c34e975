import { z } from "zod";
import { MessageId, SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { E164 } from "#shared/core/phone.ts";
import { MessageState, TwilioState } from "./state.ts";

export const TextChannel = z.enum(["sms", "whatsapp"]);
export type TextChannel = z.infer<typeof TextChannel>;

/** Whose Twilio account carries an attempt (spec §5.2; the last one only in emergencies). */
export const Source = z.enum(["salon_own", "platform_subaccount", "platform_default"]);
export type Source = z.infer<typeof Source>;

export const HoldReason = z.enum(["provisioning", "retry"]);
export type HoldReason = z.infer<typeof HoldReason>;

/** One try to hand a message to Twilio. It is written before the call, and its number travels with it. */
export const Attempt = z.object({
  number: z.int().positive(),
  source: Source,
  /** Fingerprint of the Twilio account that was asked. */
  account: z.string(),
  sender: E164,
  sid: z.string().nullable(),
  /** Beside Twilio's words: `rejected` = it surely was not taken, `absent` = looked for and not found. */
  state: z.enum(["claimed", "uncertain", "rejected", "absent", ...TwilioState.options]),
  error_code: z.int().nullable(),
  /** How often an uncertain attempt was looked for in Twilio's list. */
  looks: z.int(),
  started_at: Instant,
});
export type Attempt = z.infer<typeof Attempt>;

export const Failure = z.object({
  class: z.string(),
  twilio_code: z.int().nullable(),
  /** For the salon, in words: what happened and what to do. */
  reason: z.string(),
});
export type Failure = z.infer<typeof Failure>;

/** `messages/{messageId}` of a message that a salon sends. */
export const OutboundMessage = z.object({
  direction: z.literal("outbound"),
  id: MessageId,
  salon_id: SalonId,
  idempotency_key: z.string(),
  /** Tells a repeated request from another one under the same key. */
  payload_hash: z.string(),
  purpose: z.enum(["message", "greeting", "test"]),
  critical: z.boolean(),
  channel: TextChannel,
  to: E164,
  party: z.string(),
  body: z.string(),
  /** Parts the text is sent in: ours until Twilio has counted. */
  segments: z.int().positive(),
  /** The salon's zone when the message was accepted; its ledger rows are dated by it. */
  time_zone: z.string(),
  state: MessageState,
  hold_reason: HoldReason.nullable(),
  failure: Failure.nullable(),
  attempts: z.array(Attempt),
  /** When this needs work again; absent when it does not. While claimed it is the end of the lease. */
  due_at: Instant.optional(),
  expires_at: Instant,
  accepted_at: Instant,
  updated_at: Instant,
});
export type OutboundMessage = z.infer<typeof OutboundMessage>;

/** `messages/{messageId}` of a message that a customer sent. */
export const InboundMessage = z.object({
  direction: z.literal("inbound"),
  id: MessageId,
  salon_id: SalonId,
  twilio_sid: z.string(),
  account: z.string(),
  channel: TextChannel,
  /** As the sender is known to Twilio: mostly E.164, at times a short code or a name. */
  from: z.string(),
  to: E164,
  party: z.string(),
  body: z.string(),
  media: z.array(z.object({ url: z.string(), content_type: z.string() })),
  /** Whether it opened the conversation, so that the salon's greeting answers it. */
  greets: z.boolean(),
  received_at: Instant,
});
export type InboundMessage = z.infer<typeof InboundMessage>;
