import { z } from "zod";
import { SalonId } from "#shared/core/ids.ts";
import type { Publisher } from "#shared/runtime/publisher.ts";
import {
  Answer,
  CallFailure,
  CallHoldReason,
  CallId,
  type OutboundCall,
  OutboundCallState,
} from "./outbound-call.ts";

/**
 * What `call-events` tells: where a call of a salon's is now, and what was pressed. At least once, in no order;
 * `event_id` is the same for the same news. Nothing personal is in it; who needs the number asks `GET /v1/calls/{id}`.
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

/** The news of a call as it is now. */
export function callEvent(call: OutboundCall): CallEvent {
  const attempt = call.attempts.at(-1);
  const held = call.hold_reason === null ? "" : `:${call.hold_reason}`;
  return {
    version: 1,
    event_id: `${call.id}:${call.attempts.length}:${call.state}${held}:${call.answer}`,
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

/** Publishes on `call-events` where a call is now. */
export async function announceCall(publisher: Publisher, call: OutboundCall): Promise<void> {
  const event = callEvent(call);
  await publisher.publish("call-events", event.event_id, event);
}
