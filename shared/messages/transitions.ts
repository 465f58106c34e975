import { plusSeconds } from "#shared/core/clock.ts";
import type { Next } from "./after-failure.ts";
import { isAlive } from "./attempts.ts";
import { fallenBack } from "./fallback.ts";
import type { Attempt, Failure, HoldReason, OutboundMessage } from "./message.ts";
import { isSettled, TwilioState } from "./state.ts";

/** What there is to do about a message now. */
export type Readiness = "send" | "settle" | "expire" | "wait";

/** Decides from the document alone; events only say that it is worth a look. */
export function readiness(message: OutboundMessage, now: Date): Readiness {
  if (isSettled(message.state)) return "wait";
  const due = message.due_at !== undefined && message.due_at <= now;
  if (message.state === "claimed" || message.state === "uncertain") return due ? "settle" : "wait";
  if (message.expires_at <= now) return "expire";
  return message.state === "accepted" || due ? "send" : "wait";
}

/** `segments`: the parts it is sent in by this channel, which Twilio corrects later. */
export type NewAttempt = Pick<Attempt, "source" | "channel" | "account" | "sender" | "content_sid"> & {
  readonly segments: number;
};

/** Takes the message for one worker until the lease ends. The attempt is on record before Twilio is called. */
export function claimed(
  message: OutboundMessage,
  { segments, ...attempt }: NewAttempt,
  now: Date,
  leaseSeconds: number,
): OutboundMessage {
  const number = message.attempts.length + 1;
  const opened: Attempt = {
    ...attempt,
    number,
    sid: null,
    state: "claimed",
    error_code: null,
    looks: 0,
    price: null,
    started_at: now,
  };
  return {
    ...message,
    segments,
    state: "claimed",
    hold_reason: null,
    attempts: [...message.attempts, opened],
    due_at: plusSeconds(now, leaseSeconds),
    updated_at: now,
  };
}

/** How an attempt ended that Twilio did not take, or did not say. */
export type Verdict =
  /** `looked`: Twilio's list was searched and did not have it yet. */
  | { readonly kind: "uncertain"; readonly looked: boolean; readonly lookAt: Date }
  | {
      readonly kind: "over";
      readonly state: "rejected" | "absent";
      /** Twilio's, where it gave one. */
      readonly errorCode: number | null;
      readonly next: Next;
    };

/** Closes the last attempt with a verdict; nothing if the message has moved on without us. */
export function judged(
  message: OutboundMessage,
  attemptNumber: number,
  verdict: Verdict,
  now: Date,
): OutboundMessage | undefined {
  const attempt = message.attempts.at(-1);
  if (attempt === undefined || attempt.number !== attemptNumber || isSettled(message.state)) return undefined;
  if (attempt.sid !== null) return undefined;
  const close = (changes: Partial<Attempt>): OutboundMessage => ({
    ...message,
    attempts: message.attempts.with(-1, { ...attempt, ...changes }),
    updated_at: now,
  });
  if (verdict.kind === "uncertain") {
    const looks = attempt.looks + (verdict.looked ? 1 : 0);
    return { ...close({ state: "uncertain", looks }), state: "uncertain", due_at: verdict.lookAt };
  }
  const closed = close({ state: verdict.state, error_code: verdict.errorCode });
  return whereItIs(closed) ?? wentOn(closed, verdict.next, "failed", now);
}

/** The message on its way after a failure, or at its end. */
export function wentOn(
  message: OutboundMessage,
  next: Next,
  end: "failed" | "undelivered",
  now: Date,
): OutboundMessage {
  switch (next.kind) {
    case "fallback":
      return { ...message, ...fallenBack(next.failure, now) };
    case "retry":
      return { ...message, ...heldFor(next.reason ?? "retry", next.retryAt) };
    case "fail":
      return ended(message, end, { failure: next.failure });
  }
}

export function heldFor(
  reason: HoldReason,
  until: Date,
): Pick<OutboundMessage, "state" | "hold_reason" | "due_at"> {
  return { state: "held", hold_reason: reason, due_at: until };
}

/** The message at an end, after which nothing is due. */
export function ended(
  { due_at: _, ...message }: OutboundMessage,
  state: "failed" | "undelivered" | "expired" | "canceled",
  { failure = message.failure }: { readonly failure?: Failure | null } = {},
): OutboundMessage {
  return { ...message, state, hold_reason: null, failure };
}

/**
 * An attempt that was believed absent, or undelivered, and is at Twilio after all: the message is where that is, and goes
 * no further way. Undefined when there is none.
 */
function whereItIs(message: OutboundMessage): OutboundMessage | undefined {
  const state = TwilioState.safeParse(message.attempts.findLast(isAlive)?.state).data;
  if (state === undefined) return undefined;
  const { due_at: _, ...rest } = message;
  return { ...rest, state, hold_reason: null, failure: null };
}

/** Nothing of it is under way: what went out before, if anything, came to nothing. */
export function isWaiting({ state }: OutboundMessage): boolean {
  return state === "accepted" || state === "scheduled" || state === "held";
}

/** Called back by its sender while nothing of it is under way; undefined when it is too late for that. */
export function canceled(message: OutboundMessage, now: Date): OutboundMessage | undefined {
  if (!isWaiting(message)) return undefined;
  return { ...ended(message, "canceled"), updated_at: now };
}

/** What ended without arriving may be sent again by its sender, when and for as long as it was wanted at first. */
export function resent(message: OutboundMessage, now: Date): OutboundMessage | undefined {
  if (!["failed", "undelivered", "expired", "canceled"].includes(message.state)) return undefined;
  const { send_at, accepted_at, expires_at } = message;
  const again = { ...message, failure: null, on_fallback: false, updated_at: now };
  if (send_at !== null && send_at > now)
    return { ...again, state: "scheduled", hold_reason: null, due_at: send_at };
  const from = send_at !== null && send_at > accepted_at ? send_at : accepted_at;
  const wanted = (expires_at.getTime() - from.getTime()) / 1_000;
  return { ...again, ...heldFor("retry", now), expires_at: plusSeconds(now, wanted), accepted_at: now };
}
