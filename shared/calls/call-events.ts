import { z } from "zod";
import { SalonId } from "#shared/core/ids.ts";
import {
  Answer,
  CallFailure,
  CallHoldReason,
  CallId,
  type OutboundCall,
  OutboundCallState,
} from "./outbound-call.ts";

/**
 * What `call-events` tells: every state a call of a salon's comes to, from `accepted` on, and what was pressed. At least
 * once, in no order: `event_id` is the same when the same change is told again, and `occurred_at` says which of two is
 * the later one. Nothing personal is in it; who needs the number asks `GET /v1/calls/{id}`.
 */
export const CallEvent = z.strictObject({
  version: z.literal(1),
  event_id: z.string(),
  salon_id: SalonId,
  call_id: CallId,
  idempotency_key: z.string(),
  state: OutboundCallState,
  hold_reason: CallHoldReason.nullable(),
  answer: Answer,
  failure: CallFailure.nullable(),
  /** Tries so far, and which account made the last one. */
  attempt: z.int().nonnegative(),
  source: z.enum(["salon_own", "platform_subaccount"]).nullable(),
  duration_seconds: z.int().nonnegative().nullable(),
  occurred_at: z.iso.datetime(),
});
export type CallEvent = z.infer<typeof CallEvent>;

/** Whether a change of a call is one of its state or its answer: when to look again is neither. */
export function isCallChange(before: OutboundCall | undefined, after: OutboundCall): boolean {
  return (
    before?.state !== after.state ||
    before.hold_reason !== after.hold_reason ||
    before.attempts.length !== after.attempts.length ||
    before.answer !== after.answer
  );
}

/** A call as a change has left it. */
export function callEvent(call: OutboundCall, eventId: string): CallEvent {
  const attempt = call.attempts.at(-1);
  return {
    version: 1,
    event_id: eventId,
    salon_id: call.salon_id,
    call_id: call.id,
    idempotency_key: call.idempotency_key,
    state: call.state,
    hold_reason: call.hold_reason,
    answer: call.answer,
    failure: call.failure,
    attempt: call.attempts.length,
    source: attempt?.source ?? null,
    duration_seconds: attempt?.duration_seconds ?? null,
    occurred_at: call.updated_at.toISOString(),
  };
}
