import { plusSeconds } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { type CallState, callMovesOn } from "./call.ts";
import type {
  Answer,
  CallAttempt,
  CallFailure,
  CallHoldReason,
  OutboundCall,
  OutboundCallState,
} from "./outbound-call.ts";

/** What there is to do about a call now. */
export type CallReadiness = "place" | "settle" | "follow" | "expire" | "wait";

/** At Twilio, and not at its end yet. */
const UNDER_WAY: readonly OutboundCallState[] = ["queued", "initiated", "ringing", "in-progress"];
const WAITING: readonly OutboundCallState[] = ["accepted", "scheduled", "held"];

/** How long after Twilio's last word a call is asked after: none lasts as long, so its end must have been lost. */
export const FOLLOW_UP_SECONDS = 900;
/** A busy line and a call nobody took are worth two more tries. */
const MORE_TRIES = 2;
const TRY_AGAIN_SECONDS = 900;

/** Decides from the document alone; events only say that it is worth a look. */
export function readiness(call: OutboundCall, now: Date): CallReadiness {
  const due = call.due_at !== undefined && call.due_at <= now;
  if (WAITING.includes(call.state)) {
    if (call.expires_at <= now) return "expire";
    return call.state === "accepted" || due ? "place" : "wait";
  }
  if (!due || isEnded(call)) return "wait";
  return UNDER_WAY.includes(call.state) ? "follow" : "settle";
}

export function isEnded({ state }: OutboundCall): boolean {
  return ![...WAITING, ...UNDER_WAY, "claimed", "uncertain"].includes(state);
}

export type NewCallAttempt = Pick<CallAttempt, "source" | "account" | "sender">;

/** Takes the call for one worker until the lease ends. The attempt is on record before Twilio is asked. */
export function claimed(
  { start: _, ...call }: OutboundCall,
  attempt: NewCallAttempt,
  now: Date,
  leaseSeconds: number,
): OutboundCall {
  const opened: CallAttempt = {
    ...attempt,
    number: call.attempts.length + 1,
    sid: null,
    state: "claimed",
    error_code: null,
    looks: 0,
    duration_seconds: null,
    started_at: now,
  };
  return {
    ...call,
    state: "claimed",
    hold_reason: null,
    attempts: [...call.attempts, opened],
    due_at: plusSeconds(now, leaseSeconds),
    updated_at: now,
  };
}

/** What Twilio says of one attempt: in its answer, in a webhook, or in its list of calls. */
export interface CallProgress {
  readonly sid: string;
  readonly state: CallState;
  readonly durationSeconds?: number | undefined;
  /** Why it failed, where we know more than that. */
  readonly failure?: CallFailure;
  /** Who says so, where that has to be checked: a webhook may speak only of its own salon's and account's attempts. */
  readonly from?: { readonly salonId: SalonId; readonly account: string };
}

export type CallReported =
  /**
   * `moved`: the call is further than before. `noted`: only the attempt's record has changed. `doubled`: noted, and this
   * attempt had been given up as absent, so that the customer is called twice.
   */
  | { readonly outcome: "moved" | "noted" | "doubled"; readonly call: OutboundCall }
  /** `stale`: nothing new. `foreign`: the attempt is known under another SID. `forbidden`: not theirs to report on. */
  | { readonly outcome: "stale" | "foreign" | "forbidden" | "unknown" };

/**
 * Applies a report to the attempt it is about. Reports come twice, late and out of order: an attempt only moves forward
 * and keeps the first SID it was given.
 */
export function reported(
  call: OutboundCall,
  attemptNumber: number,
  { sid, state, durationSeconds, failure = NOT_CONNECTED, from }: CallProgress,
  now: Date,
): CallReported {
  const attempt = call.attempts[attemptNumber - 1];
  if (attempt === undefined) return { outcome: "unknown" };
  if (from && !isTheirs(call, attempt, from)) return { outcome: "forbidden" };
  if (attempt.sid !== null && attempt.sid !== sid) return { outcome: "foreign" };
  // An end that was told of without its length has charged nothing yet.
  const tellsLength =
    attempt.state === "completed" && attempt.duration_seconds === null && durationSeconds !== undefined;
  const isBehind = isCallState(attempt.state) && !callMovesOn(attempt.state, state);
  if (isBehind && !(tellsLength && state === "completed")) return { outcome: "stale" };

  const known: CallAttempt = {
    ...attempt,
    sid,
    state,
    duration_seconds: durationSeconds ?? attempt.duration_seconds,
  };
  const noted = { ...call, attempts: call.attempts.with(attemptNumber - 1, known), updated_at: now };
  if (isBehind) return { outcome: "noted", call: noted };
  if (attemptNumber < call.attempts.length) {
    const doubles = attempt.sid === null && call.attempts.some((other) => other.sid !== null);
    return { outcome: doubles ? "doubled" : "noted", call: noted };
  }
  const { due_at: _, ...moved } = noted;
  const next = afterAttempt(noted, state, now);
  const failed = next.state === "failed" ? failure : null;
  return { outcome: "moved", call: { ...moved, failure: failed, hold_reason: null, ...next } };
}

function isTheirs(
  call: OutboundCall,
  attempt: CallAttempt,
  { salonId, account }: NonNullable<CallProgress["from"]>,
): boolean {
  return salonId === call.salon_id && account === attempt.account;
}

function isCallState(state: CallAttempt["state"]): state is CallState {
  return !["claimed", "uncertain", "rejected", "absent"].includes(state);
}

function afterAttempt(
  call: OutboundCall,
  state: CallState,
  now: Date,
): Partial<OutboundCall> & Pick<OutboundCall, "state"> {
  if (UNDER_WAY.includes(state)) return { state, due_at: plusSeconds(now, FOLLOW_UP_SECONDS) };
  const again = plusSeconds(now, TRY_AGAIN_SECONDS);
  const tries = call.attempts.filter(isUnanswered).length;
  if ((state === "busy" || state === "no-answer") && tries <= MORE_TRIES && again < call.expires_at)
    return heldFor("unanswered", again);
  return { state };
}

const NOT_CONNECTED: CallFailure = {
  class: "recipient",
  twilio_code: null,
  reason: "The call could not be connected; check that the number exists and takes calls.",
};

function isUnanswered({ state }: CallAttempt): boolean {
  return state === "busy" || state === "no-answer";
}

/** The call with the key that was pressed; the first one stands. Undefined when it changes nothing. */
export function answeredWith(
  call: OutboundCall,
  answer: Exclude<Answer, "none">,
  now: Date,
): OutboundCall | undefined {
  if (!call.confirm || call.answer !== "none") return undefined;
  return { ...call, answer, updated_at: now };
}

/** How an attempt ended that Twilio did not take, or did not say. */
export type CallVerdict =
  /** `looked`: Twilio's list was searched and did not have it yet. */
  | { readonly kind: "uncertain"; readonly looked: boolean; readonly lookAt: Date }
  | { readonly kind: "absent"; readonly retryAt: Date }
  | {
      readonly kind: "retry";
      readonly retryAt: Date;
      readonly reason: "retry" | "account_trouble";
      readonly errorCode: number | null;
    }
  | { readonly kind: "fail"; readonly failure: CallFailure };

/** Closes the last attempt with a verdict; nothing if the call has moved on without us. */
export function judged(
  call: OutboundCall,
  attemptNumber: number,
  verdict: CallVerdict,
  now: Date,
): OutboundCall | undefined {
  const attempt = call.attempts.at(-1);
  if (attempt === undefined || attempt.number !== attemptNumber || attempt.sid !== null) return undefined;
  if (call.state !== "claimed" && call.state !== "uncertain") return undefined;
  const close = (changes: Partial<CallAttempt>): OutboundCall => ({
    ...call,
    attempts: call.attempts.with(-1, { ...attempt, ...changes }),
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
        ...close({ state: "rejected", error_code: verdict.errorCode }),
        ...heldFor(verdict.reason, verdict.retryAt),
      };
    case "fail":
      return ended(
        close({ state: "rejected", error_code: verdict.failure.twilio_code }),
        "failed",
        verdict.failure,
      );
  }
}

export function heldFor(reason: CallHoldReason, until: Date) {
  return { state: "held", hold_reason: reason, due_at: until } as const;
}

/** The call at an end, after which nothing is due. */
export function ended(
  { due_at: _, start: _start, ...call }: OutboundCall,
  state: "failed" | "expired" | "canceled",
  failure: CallFailure | null = call.failure,
): OutboundCall {
  return { ...call, state, hold_reason: null, failure };
}

/**
 * Called back by its sender while nothing of it is under way, before the first try or between two; undefined when it is
 * too late for that. Nobody wants it from then on, so that not even a late word of an earlier try brings another one.
 */
export function canceled(call: OutboundCall, now: Date): OutboundCall | undefined {
  if (!WAITING.includes(call.state)) return undefined;
  return { ...ended(call, "canceled"), expires_at: now, updated_at: now };
}
