import { plusSeconds } from "#shared/core/clock.ts";
import type { Contact } from "./contact.ts";

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;
/** After so long a silence a customer begins anew. */
const CONVERSATION_SECONDS = 30 * DAY_SECONDS;
/** A customer who is another robot would otherwise be answered for ever; Twilio itself stops such a pair (14107). */
const MOST_AN_HOUR = 3;
const MOST_A_DAY = 10;

/** Whether a message of that time opens a conversation: it is the first ever, or the first in 30 days. */
export function opensConversation({ last_inbound_at }: Contact, at: Date): boolean {
  return last_inbound_at === null || at >= plusSeconds(last_inbound_at, CONVERSATION_SECONDS);
}

/** Whether one more automatic answer may go to the customer: 3 in an hour and 10 in a day at most. */
export function mayBeAnswered({ answered_at }: Contact, at: Date): boolean {
  return (
    since(answered_at, at, HOUR_SECONDS).length < MOST_AN_HOUR &&
    since(answered_at, at, DAY_SECONDS).length < MOST_A_DAY
  );
}

/** The contact after an automatic answer; `closedUntil` when it said that the salon is closed. */
export function afterAnswer(contact: Contact, at: Date, closedUntil: Date | null): Contact {
  return {
    ...contact,
    answered_at: [...since(contact.answered_at, at, DAY_SECONDS), at].slice(-MOST_A_DAY),
    told_closed_until: closedUntil ?? contact.told_closed_until,
  };
}

function since(times: readonly Date[], at: Date, seconds: number): Date[] {
  return times.filter((time) => time > plusSeconds(at, -seconds));
}
