import { z } from "zod";
import { Instant } from "#shared/core/instant.ts";
import { CALL_STATUSES } from "#shared/twilio/statuses.ts";

export const CallState = z.enum(CALL_STATUSES);
export type CallState = z.infer<typeof CallState>;

/** `calls/{CallSid}`: a call with a customer. */
export const Call = z.object({
  salon_id: z.string(),
  account: z.string(),
  direction: z.enum(["inbound", "outbound"]),
  party: z.string(),
  state: CallState,
  duration_seconds: z.int().nonnegative().nullable(),
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

/** Calls are charged by the started minute; a call nobody took costs nothing. */
export function billableMinutes({
  state,
  duration_seconds,
}: Pick<Call, "state" | "duration_seconds">): number {
  return state === "completed" ? Math.ceil((duration_seconds ?? 0) / 60) : 0;
}
