import { plusSeconds } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Attempt, Failure, HoldReason, OutboundMessage } from "./message.ts";
import { isFinal, isSettled, movesOn, type TwilioState } from "./state.ts";

/** What there is to do about a message now. */
export type Readiness = "send" | "settle" | "expire" | "announce" | "wait";

/** Decides from the document alone; events only say that it is worth a look. */
export function readiness(message: OutboundMessage, now: Date): Readiness {
  const due = message.due_at !== undefined && message.due_at <= now;
  if (isSettled(message.state)) return due ? "announce" : "wait";
  if (message.state === "claimed" || message.state === "uncertain") return due ? "settle" : "wait";
  if (message.expires_at <= now) return "expire";
  return message.state === "accepted" || due ? "send" : "wait";
}

export type NewAttempt = Pick<Attempt, "source" | "account" | "sender">;

/** Takes the message for one worker until the lease ends. The attempt is on record before Twilio is called. */
export function claimed(
  message: OutboundMessage,
  attempt: NewAttempt,
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
    started_at: now,
  };
  return {
    ...message,
    state: "claimed",
    hold_reason: null,
    attempts: [...message.attempts, opened],
    due_at: plusSeconds(now, leaseSeconds),
    updated_at: now,
  };
}

/** What Twilio says of one attempt: in its answer, in a callback, or in its list of messages. */
export interface Report {
  readonly sid: string;
  readonly state: TwilioState;
  readonly errorCode?: number;
  readonly segments?: number;
  /** Who says so, where that has to be checked: a callback may speak only of its own salon's and account's attempts. */
  readonly from?: { readonly salonId: SalonId; readonly account: string };
}

export type Reported =
  /** `moved`: the message is further than before. `noted`: only the attempt's record has changed. */
  | { readonly outcome: "moved" | "noted"; readonly message: OutboundMessage }
  /** `stale`: nothing new. `foreign`: the attempt is known under another SID. `forbidden`: not theirs to report on. */
  | { readonly outcome: "stale" | "foreign" | "forbidden" | "unknown" };

/**
 * Applies a report to the attempt it is about. Reports come twice, late and out of order: state only moves forward,
 * and an attempt keeps the first SID it was given.
 */
export function reported(
  message: OutboundMessage,
  attemptNumber: number,
  report: Report,
  now: Date,
): Reported {
  const attempt = message.attempts[attemptNumber - 1];
  if (attempt === undefined) return { outcome: "unknown" };
  const { from } = report;
  if (from && (from.salonId !== message.salon_id || from.account !== attempt.account))
    return { outcome: "forbidden" };
  if (attempt.sid !== null && attempt.sid !== report.sid) return { outcome: "foreign" };
  if (attempt.sid !== null && !movesOn(stateBefore(attempt), report.state)) return { outcome: "stale" };

  const known: Attempt = {
    ...attempt,
    sid: report.sid,
    state: report.state,
    error_code: report.errorCode ?? attempt.error_code,
  };
  const segments = report.segments !== undefined && report.segments > 0 ? report.segments : message.segments;
  const noted = {
    ...message,
    attempts: message.attempts.with(attemptNumber - 1, known),
    segments,
    updated_at: now,
  };
  const isCurrent = attemptNumber === message.attempts.length;
  if (!isCurrent || !movesOn(message.state, report.state)) return { outcome: "noted", message: noted };
  const { due_at: _, ...moved } = noted;
  // Twilio repeats a callback until it is answered; an end that we came upon ourselves, nobody tells again.
  const toAnnounce = from === undefined && isFinal(report.state) ? { due_at: now } : {};
  return { outcome: "moved", message: { ...moved, ...toAnnounce, state: report.state, hold_reason: null } };
}

function stateBefore(attempt: Attempt): OutboundMessage["state"] {
  return attempt.state === "rejected" || attempt.state === "absent" ? "uncertain" : attempt.state;
}

/** How an attempt ended that Twilio did not take, or did not say. */
export type Verdict =
  /** `looked`: Twilio's list was searched and did not have it yet. */
  | { readonly kind: "uncertain"; readonly looked: boolean; readonly lookAt: Date }
  | { readonly kind: "absent"; readonly retryAt: Date }
  | { readonly kind: "retry"; readonly retryAt: Date; readonly errorCode?: number }
  | { readonly kind: "fail"; readonly failure: Failure };

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
  switch (verdict.kind) {
    case "uncertain": {
      const looks = attempt.looks + (verdict.looked ? 1 : 0);
      return { ...close({ state: "uncertain", looks }), state: "uncertain", due_at: verdict.lookAt };
    }
    case "absent":
      return { ...close({ state: "absent" }), ...heldFor("retry", verdict.retryAt) };
    case "retry":
      return {
        ...close({ state: "rejected", error_code: verdict.errorCode ?? null }),
        ...heldFor("retry", verdict.retryAt),
      };
    case "fail":
      return {
        ...close({ state: "rejected", error_code: verdict.failure.twilio_code }),
        ...failedWith(verdict.failure, now),
      };
  }
}

export function heldFor(
  reason: HoldReason,
  until: Date,
): Pick<OutboundMessage, "state" | "hold_reason" | "due_at"> {
  return { state: "held", hold_reason: reason, due_at: until };
}

/** An end that no callback will tell of, so it stays due until it has been announced. */
export function failedWith(failure: Failure, now: Date) {
  return { state: "failed", hold_reason: null, failure, due_at: now } as const;
}

/** The message has been announced as it is; nothing more is due. */
export function announced(message: OutboundMessage): OutboundMessage {
  const { due_at: _, ...rest } = message;
  return isFinal(message.state) ? rest : message;
}
