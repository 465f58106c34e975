import { plusSeconds } from "#shared/core/clock.ts";
import { messageIdOf, SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import type { Attempt, OutboundMessage } from "#shared/messages/message.ts";
import type { NewAttempt } from "#shared/messages/transitions.ts";

/** When the messages of these tests were accepted. */
export const ACCEPTED_AT = new Date("2026-11-02T04:30:00Z");

/** A message as it stands right after its acceptance, changed as the test wants it. */
export function outboundMessage(changes: Partial<OutboundMessage> = {}): OutboundMessage {
  const salon_id = changes.salon_id ?? SalonId.parse("salon-anjali");
  const idempotency_key = changes.idempotency_key ?? "booking-4711";
  return {
    direction: "outbound",
    id: messageIdOf(salon_id, idempotency_key),
    salon_id,
    idempotency_key,
    payload_hash: "hash",
    purpose: "message",
    category: "transactional",
    critical: false,
    channel: "sms",
    to: E164.parse("+14155550142"),
    party: "party-of-the-customer",
    body: "See you tomorrow at 10.",
    template: null,
    media: [],
    fallback: null,
    timing: "any_time",
    segments: 1,
    time_zone: "Asia/Kolkata",
    state: "accepted",
    hold_reason: null,
    failure: null,
    attempts: [],
    on_fallback: false,
    paced: false,
    send_at: null,
    due_at: plusSeconds(ACCEPTED_AT, 30),
    expires_at: plusSeconds(ACCEPTED_AT, 86_400),
    accepted_at: ACCEPTED_AT,
    updated_at: ACCEPTED_AT,
    ...changes,
  };
}

/** An attempt that was begun and nothing more, changed as the test wants it. */
export function attempt(changes: Partial<Attempt> = {}): Attempt {
  return {
    number: 1,
    source: "platform_subaccount",
    channel: "sms",
    account: "fingerprint-of-the-subaccount",
    sender: E164.parse("+14155550100"),
    content_sid: null,
    sid: null,
    state: "claimed",
    error_code: null,
    looks: 0,
    price: null,
    started_at: ACCEPTED_AT,
    ...changes,
  };
}

/** A Twilio message SID that a number tells apart. */
export function messageSid(number: number): string {
  return `SM${String(number).padStart(32, "0")}`;
}

/** What a worker says of an attempt that it is about to make, changed as the test wants it. */
export function newAttempt(changes: Partial<NewAttempt> = {}): NewAttempt {
  const { source, channel, account, sender, content_sid } = attempt();
  return { source, channel, account, sender, content_sid, segments: 1, ...changes };
}
