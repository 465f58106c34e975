import { z } from "zod";

/** What Twilio says of a message that it has taken, in its own words. */
export const TwilioState = z.enum([
  "queued",
  "sending",
  "sent",
  "delivered",
  "undelivered",
  "failed",
  "read",
  "canceled",
]);
export type TwilioState = z.infer<typeof TwilioState>;

/** Where an outbound message is; before Twilio has taken it the words are ours. */
export const MessageState = z.enum([
  "accepted",
  "scheduled",
  "held",
  "claimed",
  "uncertain",
  "expired",
  ...TwilioState.options,
]);
export type MessageState = z.infer<typeof MessageState>;

/**
 * How far along a state is. A report of a lower or equal rank tells nothing new. `expired` is our own guess about a
 * message that was looked for in vain, so Twilio's word on its end still counts.
 */
const RANK: Readonly<Record<MessageState, number>> = {
  accepted: 0,
  scheduled: 0,
  held: 0,
  claimed: 1,
  uncertain: 1,
  queued: 2,
  sending: 3,
  sent: 4,
  expired: 5,
  delivered: 6,
  undelivered: 6,
  failed: 6,
  canceled: 6,
  read: 7,
};

/** Whether a report that says `to` moves a message on that is at `from`. Nothing ever moves back. */
export function movesOn(from: MessageState, to: MessageState): boolean {
  return RANK[to] > RANK[from];
}

/** Whether nothing more is ours to do: Twilio has it, or it has ended. */
export function isSettled(state: MessageState): boolean {
  return RANK[state] >= RANK.queued;
}

/** Whether the message has come to an end that Twilio may only refine (delivered to read). */
export function isFinal(state: MessageState): boolean {
  return RANK[state] >= RANK.expired;
}

/** Twilio's `accepted` and `scheduled` mean that it has the message and has not queued it yet: for us `queued`. */
export function twilioState(status: string): TwilioState | undefined {
  if (status === "accepted" || status === "scheduled") return "queued";
  return TwilioState.safeParse(status).data;
}
