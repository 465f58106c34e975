import { z } from "zod";
import { MessageId, SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { E164 } from "#shared/core/phone.ts";
import { Language } from "#shared/salons/communication-settings.ts";
import { FAILURE_CLASSES } from "#shared/twilio/failure-classes.ts";
import { InboundDetails } from "./inbound-details.ts";
import { MessageState, TwilioState } from "./state.ts";

export const TextChannel = z.enum(["sms", "whatsapp"]);
export type TextChannel = z.infer<typeof TextChannel>;

/** What an attempt goes by: a message falls back to e-mail at most. */
export const AttemptChannel = z.enum([...TextChannel.options, "email"]);
export type AttemptChannel = z.infer<typeof AttemptChannel>;

/** Whose account carries an attempt (spec §5.2). The last two only when a critical message falls back. */
export const Source = z.enum(["salon_own", "platform_subaccount", "platform_default", "email"]);
export type Source = z.infer<typeof Source>;

/** Why a message waits, for its sender to see. */
export const HoldReason = z.enum([
  "provisioning",
  /** A later try, after a passing trouble. */
  "retry",
  "fallback",
  /** The salon's Twilio account or sender is in trouble; it is probed. */
  "account_trouble",
  "business_hours",
  "quiet_hours",
  /** Its place in a campaign, which the sender's rate gives. */
  "paced",
]);
export type HoldReason = z.infer<typeof HoldReason>;

/** One try to hand a message to Twilio. It is written before the call, and its number travels with it. */
export const Attempt = z.object({
  number: z.int().positive(),
  source: Source,
  channel: AttemptChannel,
  /** Fingerprint of the Twilio account that was asked; of an e-mail, its sender. */
  account: z.string(),
  /** A phone number, an alphanumeric sender or an e-mail address. */
  sender: z.string(),
  /** The Twilio template that was sent instead of the body. */
  content_sid: z.string().nullable(),
  /** Twilio's, or the Message-ID of an e-mail. */
  sid: z.string().nullable(),
  /** Beside Twilio's words: `rejected` = it surely was not taken, `absent` = looked for and not found. */
  state: z.enum(["claimed", "uncertain", "rejected", "absent", ...TwilioState.options]),
  error_code: z.int().nullable(),
  /** How often an uncertain attempt was looked for in Twilio's list. */
  looks: z.int(),
  /** What Twilio charges, in micros of a currency; known some time after the message. */
  price: z.object({ micros: z.int(), currency: z.string() }).nullable(),
  started_at: Instant,
});
export type Attempt = z.infer<typeof Attempt>;

export const Failure = z.object({
  class: z.enum(FAILURE_CLASSES),
  twilio_code: z.int().nullable(),
  /** For the salon, in words: what happened and what to do. */
  reason: z.string(),
});
export type Failure = z.infer<typeof Failure>;

/** One of our templates, by its name in the registry; a salon's own words are there only without one. */
export const TemplateUse = z.object({
  name: z.string(),
  language: Language,
  variables: z.record(z.string(), z.string()),
});
export type TemplateUse = z.infer<typeof TemplateUse>;

/** Where a critical message goes when its own way fails: by SMS from the platform's number, or by e-mail. */
export const Fallback = z.discriminatedUnion("channel", [
  z.object({ channel: z.literal("sms") }),
  z.object({ channel: z.literal("email"), to: z.email(), subject: z.string() }),
]);
export type Fallback = z.infer<typeof Fallback>;

/** When a message may go: at any time, only while the salon is open, or outside its quiet hours. */
export const Timing = z.enum(["any_time", "business_hours", "no_quiet_hours"]);
export type Timing = z.infer<typeof Timing>;

/** Marketing needs the customer's consent; neither goes to somebody who has opted out. */
export const Category = z.enum(["transactional", "marketing"]);
export type Category = z.infer<typeof Category>;

/** `messages/{messageId}` of a message that a salon sends. */
export const OutboundMessage = z.object({
  direction: z.literal("outbound"),
  id: MessageId,
  salon_id: SalonId,
  idempotency_key: z.string(),
  /** Tells a repeated request from another one under the same key. */
  payload_hash: z.string(),
  purpose: z.enum(["message", "greeting", "reply", "test"]),
  category: Category,
  critical: z.boolean(),
  channel: TextChannel,
  to: E164,
  party: z.string(),
  /** The text as it is sent by SMS or e-mail; of a template, in its language and with its variables. */
  body: z.string(),
  template: TemplateUse.nullable(),
  /** Addresses that Twilio fetches pictures and the like from; 10 at most. */
  media: z.array(z.string()),
  fallback: Fallback.nullable(),
  timing: Timing,
  /** Parts the text is sent in: ours until Twilio has counted. */
  segments: z.int().positive(),
  /** The salon's zone when the message was accepted; its ledger rows are dated by it. */
  time_zone: z.string(),
  state: MessageState,
  hold_reason: HoldReason.nullable(),
  /** Why it failed; on the way of its fallback, why its own way failed. */
  failure: Failure.nullable(),
  attempts: z.array(Attempt),
  /** Whether its own way has failed, so that every further attempt goes the other one. */
  on_fallback: z.boolean(),
  /** One of a campaign: whenever it has to wait it takes a place at its sender's rate. */
  paced: z.boolean().default(false),
  /** When this needs work again; absent when it does not. While claimed it is the end of the lease. */
  due_at: Instant.optional(),
  /** Not before this, when its sender asked for a time. */
  send_at: Instant.nullable(),
  expires_at: Instant,
  accepted_at: Instant,
  updated_at: Instant,
});
export type OutboundMessage = z.infer<typeof OutboundMessage>;

/** What we answer by itself. Its key is `{kind}:{MessageSid}`, so that callers may use no key that begins so. */
export const AnswerKind = z.enum(["greet", "hours", "help", "start"]);
export type AnswerKind = z.infer<typeof AnswerKind>;

/** `messages/{messageId}` of a message that a customer sent. Documents may lack what came later. */
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
  /** Parts the text came in, as Twilio counts them: 1 but for long SMS. */
  segments: z.int().positive().default(1),
  details: InboundDetails.default({}),
  /** The language to answer it in. */
  language: Language.nullable().default(null),
  /** The automatic answer that it gets; decided as it is stored, so that a repetition says nothing else. */
  answer: z.object({ kind: AnswerKind, body: z.string() }).nullable().default(null),
  received_at: Instant,
  /** When somebody must go on with it, because it may not be published and answered yet; absent once it is. */
  take_again_at: Instant.optional(),
});
export type InboundMessage = z.infer<typeof InboundMessage>;
