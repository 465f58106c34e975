import { z } from "zod";
import { SalonId, sha256Hex } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { E164 } from "#shared/core/phone.ts";
import { Language } from "#shared/salons/communication-settings.ts";
import { FAILURE_CLASSES } from "#shared/twilio/failure-classes.ts";
import { CALL_STATUSES } from "#shared/twilio/statuses.ts";

/** The id of a call that a salon makes: 40 hexadecimal digits. It exists before Twilio is asked for the call. */
export const CallId = z
  .string()
  .regex(/^[0-9a-f]{40}$/, "must be a call id: 40 hexadecimal digits")
  .brand("CallId");
export type CallId = z.infer<typeof CallId>;

/** The id of the one call that a salon accepts for an idempotency key. */
export function callIdOf(salonId: SalonId, idempotencyKey: string): CallId {
  return CallId.parse(sha256Hex("call", salonId, idempotencyKey).slice(0, 40));
}

/** Where an outbound call is; before Twilio has taken it, and once nobody wants it any more, the words are ours. */
export const OutboundCallState = z.enum([
  "accepted",
  "scheduled",
  "held",
  "claimed",
  "uncertain",
  "expired",
  ...CALL_STATUSES,
]);
export type OutboundCallState = z.infer<typeof OutboundCallState>;

export const CallHoldReason = z.enum([
  "provisioning",
  /** A later try, after a passing trouble. */
  "retry",
  /** Nobody took it, or the line was busy: it is made once more. */
  "unanswered",
  /** The salon's Twilio account is in trouble; it is probed. */
  "account_trouble",
  "business_hours",
  "quiet_hours",
  /** Other calls of the account begin before it. */
  "paced",
]);
export type CallHoldReason = z.infer<typeof CallHoldReason>;

/** What the customer pressed; `none` also of a call that asks for nothing. */
export const Answer = z.enum(["confirmed", "canceled", "none"]);
export type Answer = z.infer<typeof Answer>;

export const CallFailure = z.object({
  class: z.enum(FAILURE_CLASSES),
  twilio_code: z.int().nullable(),
  /** For the salon, in words: what happened and what to do. */
  reason: z.string(),
});
export type CallFailure = z.infer<typeof CallFailure>;

/** One try to have Twilio make a call. It is written before Twilio is asked, and its number travels with it. */
export const CallAttempt = z.object({
  number: z.int().positive(),
  source: z.enum(["salon_own", "platform_subaccount"]),
  /** Fingerprint of the Twilio account that was asked. */
  account: z.string(),
  sender: E164,
  sid: z.string().nullable(),
  /** Beside Twilio's words: `rejected` = it surely was not taken, `absent` = looked for and not found. */
  state: z.enum(["claimed", "uncertain", "rejected", "absent", ...CALL_STATUSES]),
  error_code: z.int().nullable(),
  /** How often an uncertain attempt was looked for in Twilio's list. */
  looks: z.int(),
  duration_seconds: z.int().nonnegative().nullable(),
  started_at: Instant,
});
export type CallAttempt = z.infer<typeof CallAttempt>;

/** A second in which an account (its fingerprint) may start a call. */
export const CallStart = z.object({ account: z.string(), at: Instant });
export type CallStart = z.infer<typeof CallStart>;

/** When a call may be made: at any time, only while the salon is open, or outside its quiet hours. */
export const CallTiming = z.enum(["any_time", "business_hours", "no_quiet_hours"]);
export type CallTiming = z.infer<typeof CallTiming>;

/** Marketing needs the customer's consent. */
export const CallCategory = z.enum(["transactional", "marketing"]);
export type CallCategory = z.infer<typeof CallCategory>;

/** `calls/{callId}`: a call that a salon makes to say something. */
export const OutboundCall = z.object({
  direction: z.literal("outbound"),
  id: CallId,
  salon_id: SalonId,
  idempotency_key: z.string(),
  /** Tells a repeated request from another one under the same key. */
  payload_hash: z.string(),
  to: E164,
  party: z.string(),
  language: Language,
  /** What is said, with a template's variables in place. */
  text: z.string(),
  template: z.object({ name: z.string(), variables: z.record(z.string(), z.string()) }).nullable(),
  category: CallCategory,
  /** Whether it asks for a key: 1 confirms, 2 cancels, 9 says it again. */
  confirm: z.boolean(),
  timing: CallTiming,
  /** The salon's zone when the call was accepted; its ledger rows are dated by it. */
  time_zone: z.string(),
  state: OutboundCallState,
  hold_reason: CallHoldReason.nullable(),
  answer: Answer,
  failure: CallFailure.nullable(),
  attempts: z.array(CallAttempt),
  /** The second that is kept for its next attempt among the calls of that account, while it waits for it. */
  start: CallStart.optional(),
  /** When this needs work again; absent when it does not. While claimed it is the end of the lease. */
  due_at: Instant.optional(),
  /** Not before this, when its sender asked for a time. */
  send_at: Instant.nullable(),
  expires_at: Instant,
  accepted_at: Instant,
  updated_at: Instant,
});
export type OutboundCall = z.infer<typeof OutboundCall>;

/** `calls/{CallSid}` of an outbound call: whose it is, so that no two calls take the same one of Twilio's for theirs. */
export const CallLeg = z.object({
  direction: z.literal("leg"),
  salon_id: SalonId,
  call_id: CallId,
  attempt: z.int().positive(),
  updated_at: Instant,
});
export type CallLeg = z.infer<typeof CallLeg>;
