import { type CallAttempt, callIdOf, type OutboundCall } from "#shared/calls/outbound-call.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { ACCEPTED_AT } from "./outbound-message.ts";

/** A call as it stands right after its acceptance, changed as the test wants it. */
export function outboundCall(changes: Partial<OutboundCall> = {}): OutboundCall {
  const salon_id = changes.salon_id ?? SalonId.parse("salon-anjali");
  const idempotency_key = changes.idempotency_key ?? "booking-4711";
  return {
    direction: "outbound",
    id: callIdOf(salon_id, idempotency_key),
    salon_id,
    idempotency_key,
    payload_hash: "hash",
    to: E164.parse("+14155550142"),
    party: "party-of-the-customer",
    language: "en",
    text: "See you tomorrow at 10.",
    template: null,
    category: "transactional",
    confirm: true,
    timing: "any_time",
    time_zone: "Asia/Kolkata",
    state: "accepted",
    hold_reason: null,
    answer: "none",
    failure: null,
    attempts: [],
    send_at: null,
    due_at: plusSeconds(ACCEPTED_AT, 60),
    expires_at: plusSeconds(ACCEPTED_AT, 86_400),
    accepted_at: ACCEPTED_AT,
    updated_at: ACCEPTED_AT,
    ...changes,
  };
}

/** An attempt that was begun and nothing more, changed as the test wants it. */
export function attempt(changes: Partial<CallAttempt> = {}): CallAttempt {
  return {
    number: 1,
    source: "platform_subaccount",
    account: "fingerprint-of-the-subaccount",
    sender: E164.parse("+14155550100"),
    sid: null,
    state: "claimed",
    error_code: null,
    looks: 0,
    duration_seconds: null,
    started_at: ACCEPTED_AT,
    ...changes,
  };
}
