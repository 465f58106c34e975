import { z } from "zod";
import { Instant } from "#shared/core/instant.ts";
import { E164 } from "#shared/core/phone.ts";
import { Language } from "#shared/salons/communication-settings.ts";
import { CALL_STATUSES } from "#shared/twilio/statuses.ts";

export const CallState = z.enum(CALL_STATUSES);
export type CallState = z.infer<typeof CallState>;

/** What came of a customer's call; `abandoned` = it ended without any of the others. */
export const CallOutcome = z.enum(["abandoned", "hours", "voicemail", "link_sent", "booked_transfer"]);
export type CallOutcome = z.infer<typeof CallOutcome>;

/** What a caller chose from a menu; a language by its name. */
export const CallChoice = z.enum(["book", "hours", "again", "change_language", ...Language.options]);
export type CallChoice = z.infer<typeof CallChoice>;

/** A message that a caller left. Twilio has it; members of the salon listen to it through `manage-integration`. */
export const Recording = z.object({
  sid: z.string(),
  duration_seconds: z.int().nonnegative(),
  received_at: Instant,
});
export type Recording = z.infer<typeof Recording>;

/** `calls/{CallSid}`: a call with a customer. Documents may lack what came later. */
export const Call = z.object({
  salon_id: z.string(),
  account: z.string(),
  direction: z.enum(["inbound", "outbound"]),
  party: z.string(),
  state: CallState,
  duration_seconds: z.int().nonnegative().nullable(),
  /** The language that a caller was last spoken to in; null when nothing was said. */
  language: Language.nullable().default(null),
  /** In order; the turn is the prompt of the call that it answers, so that a repeated webhook adds nothing. */
  choices: z.array(z.object({ turn: z.int().positive(), choice: CallChoice })).default([]),
  outcome: CallOutcome.nullable().default(null),
  recordings: z.array(Recording).default([]),
  /** Of `recordings`, to be found by; and when the latest came. */
  recording_sids: z.array(z.string()).optional(),
  voicemail_at: Instant.optional(),
  /** Who left a message, to be called back; of no other call is the number kept. */
  from: E164.optional(),
  started_at: Instant,
  updated_at: Instant,
});
export type Call = z.infer<typeof Call>;

const RANK: Readonly<Record<CallState, number>> = {
  queued: 0,
  initiated: 1,
  ringing: 2,
  "in-progress": 3,
  completed: 4,
  busy: 4,
  failed: 4,
  "no-answer": 4,
  canceled: 4,
};

/** Calls only move forward too: a late report of an earlier state tells nothing. */
export function callMovesOn(from: CallState, to: CallState): boolean {
  return RANK[to] > RANK[from];
}

export function hasEnded(state: CallState): boolean {
  return RANK[state] === RANK.completed;
}
