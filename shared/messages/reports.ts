import type { SalonId } from "#shared/core/ids.ts";
import { afterFailure, failureOfCode, lateWaitSeconds } from "./after-failure.ts";
import { isAlive } from "./attempts.ts";
import type { Attempt, OutboundMessage } from "./message.ts";
import { movesOn, type TwilioState } from "./state.ts";
import { isWaiting, wentOn } from "./transitions.ts";

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
  /**
   * `moved`: the message is further than before. `noted`: only the attempt's record has changed. `doubled`: either, and
   * two attempts are at Twilio of which one had been given up as absent, so that the recipient has the message twice.
   */
  | { readonly outcome: "moved" | "noted" | "doubled"; readonly message: OutboundMessage }
  /** `stale`: nothing new. `foreign`: the attempt is known under another SID. `forbidden`: not theirs to report on. */
  | { readonly outcome: "stale" | "foreign" | "forbidden" | "unknown" };

/**
 * Applies a report to the attempt it is about. Reports come twice, late and out of order: state only moves forward,
 * and an attempt keeps the first SID it was given. A failure that comes this late may still send the message another
 * way, or once more.
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
  const isFailure = report.state === "failed" || report.state === "undelivered";
  const isCurrent = attemptNumber === message.attempts.length;
  const others = message.attempts.toSpliced(attemptNumber - 1, 1);
  const doubles = attempt.sid === null && isAlive(known) && others.some(isAlive);
  // One that was given up has arrived while the message waits for the next: it waits no more.
  const saves = !isCurrent && isWaiting(message) && !isFailure;
  if (!saves && (!isCurrent || !movesOn(message.state, report.state)))
    return { outcome: doubles ? "doubled" : "noted", message: noted };
  const outcome = doubles ? "doubled" : "moved";
  if (isFailure) return { outcome, message: failedLate(noted, known, now) };
  const { due_at: _, ...moved } = noted;
  return { outcome, message: { ...moved, state: report.state, hold_reason: null } };
}

/** Twilio took it and could not deliver it: the other way, once more, once the account is well, or the end. */
function failedLate(message: OutboundMessage, attempt: Attempt, now: Date): OutboundMessage {
  const failure = failureOfCode(attempt.error_code);
  const wait = lateWaitSeconds(message, attempt);
  const next = afterFailure(message, { attempt, failure, how: "undelivered", wait }, now);
  return wentOn(message, next, attempt.state === "failed" ? "failed" : "undelivered", now);
}

function stateBefore(attempt: Attempt): OutboundMessage["state"] {
  return attempt.state === "rejected" || attempt.state === "absent" ? "uncertain" : attempt.state;
}
