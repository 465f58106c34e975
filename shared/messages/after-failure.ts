import { plusSeconds } from "#shared/core/clock.ts";
import { TROUBLE_WAIT_SECONDS } from "#shared/salons/health.ts";
import { classOfCode } from "#shared/twilio/error-table.ts";
import { isAccountTrouble, liftsAfterHours, policyOf } from "#shared/twilio/failure-classes.ts";
import { isTroubleOfSalon } from "./account-trouble.ts";
import { isUndelivered, recentAttempts } from "./attempts.ts";
import { fallsBack } from "./fallback.ts";
import type { Attempt, Failure, OutboundMessage } from "./message.ts";

/** Where a message goes after an attempt that came to nothing. */
export type Next =
  /** Its own way is over; from now on it goes the other one. */
  | { readonly kind: "fallback"; readonly failure: Failure }
  | { readonly kind: "retry"; readonly retryAt: Date; readonly reason?: "account_trouble" }
  | { readonly kind: "fail"; readonly failure: Failure };

export interface FailedAttempt {
  readonly attempt: Attempt;
  readonly failure: Failure;
  /** `not_processed`: surely nothing was done; `refused`: in the answer; `undelivered`: taken, and reported later. */
  readonly how: "not_processed" | "refused" | "undelivered";
  /** Twilio was asked about the account, and nothing is wrong with it. */
  readonly accountIsWell?: boolean;
  /** Seconds to the next try, unless the failure itself says how long it lasts. */
  readonly wait: number;
}

/**
 * More than a message needs in the week that it may be wanted, and few enough for an event of Eventarc's, which holds the
 * document twice in 512 KB. One that got here, however often it was sent again, is poison.
 */
const MAX_ATTEMPTS = 500;

/** A carrier's passing trouble is worth so many more tries: the message may have arrived after all. */
const LATE_RETRIES = 2;
/** Of an error that the carrier does not explain (30008) Twilio advises one. */
const UNEXPLAINED = 30008;

const HOUR = 3_600;
const LATE_WAIT_SECONDS = 300;
const LONGEST_WAIT_SECONDS = 4 * HOUR;

/**
 * What comes after a failed attempt, however it is learned of: the other way of a critical message, once more when the
 * trouble passes or the account is well again, or the end.
 */
export function afterFailure(message: OutboundMessage, failed: FailedAttempt, now: Date): Next {
  const { attempt, failure, how, accountIsWell = false } = failed;
  const code = failure.twilio_code ?? undefined;
  if (fallsBack(message, attempt.channel, failure)) return { kind: "fallback", failure };
  if (attempt.number >= MAX_ATTEMPTS) return { kind: "fail", failure };
  if (how !== "not_processed" && isTroubleOfSalon(message, attempt.source, code)) {
    // An account that is well, or was thought so when the message went out, is not what stands in its way.
    const isNoTrouble = accountIsWell || how === "undelivered";
    if (isNoTrouble && hasMet(message, attempt, code)) return { kind: "fail", failure };
    return accountIsWell ? again() : again(TROUBLE_WAIT_SECONDS, "account_trouble");
  }
  return passes(message, failed) ? again() : { kind: "fail", failure };

  function again(seconds = waitOf(message, failed), reason?: "account_trouble"): Next {
    const later = plusSeconds(now, seconds);
    const isTooLate = later >= message.expires_at;
    // What was undelivered has come to its end; what was not taken yet comes when it expires, and ends then.
    if (isTooLate && how === "undelivered") return { kind: "fail", failure };
    const retryAt = isTooLate ? message.expires_at : later;
    return reason === undefined ? { kind: "retry", retryAt } : { kind: "retry", retryAt, reason };
  }
}

/** Seconds until a message goes out again that Twilio took and could not deliver. */
export function lateWaitSeconds(message: OutboundMessage, attempt: Attempt): number {
  return doubling(LATE_WAIT_SECONDS, undeliveredThisWay(message, attempt));
}

/** How often it was taken and not delivered, by the account and channel of this attempt. */
function undeliveredThisWay(message: OutboundMessage, { source, channel }: Attempt): number {
  return recentAttempts(message).filter(
    (each) => isUndelivered(each) && each.source === source && each.channel === channel,
  ).length;
}

/** A failure that Twilio names by its code, if it names one. */
export function failureOfCode(code: number | null): Failure {
  if (code === null)
    return {
      class: "recipient",
      twilio_code: null,
      reason: "Twilio could not deliver it, and says no more.",
    };
  const failureClass = classOfCode(code);
  const reason = `Twilio could not deliver the message: ${policyOf(failureClass).says}.`;
  return { class: failureClass, twilio_code: code, reason };
}

/** What a message met last that was not sent in time; null when Twilio gave no reason. */
export function lastFailure(message: OutboundMessage): Failure | null {
  const named = recentAttempts(message).findLast(({ error_code }) => error_code !== null);
  return named === undefined ? null : failureOfCode(named.error_code);
}

/** Whether the trouble goes by itself, so that the message is worth another try. */
function passes(message: OutboundMessage, { attempt, failure, how }: FailedAttempt): boolean {
  const { class: failureClass, twilio_code: code } = failure;
  if (how === "not_processed") return true;
  // Nobody but the operators can see to it, who are told; meanwhile the message has no better way.
  if (attempt.source === "platform_default" && isAccountTrouble(code ?? undefined)) return true;
  if (policyOf(failureClass).retry !== "later") return false;
  if (how === "refused" || failureClass === "throttle") return true;
  const retries = code === UNEXPLAINED ? 1 : LATE_RETRIES;
  return undeliveredThisWay(message, attempt) <= retries;
}

function waitOf(message: OutboundMessage, { failure, wait }: FailedAttempt): number {
  const isLong = failure.twilio_code !== null && liftsAfterHours(failure.twilio_code);
  return isLong ? doubling(HOUR, recentAttempts(message).length) : wait;
}

function doubling(first: number, tries: number): number {
  return Math.min(LONGEST_WAIT_SECONDS, first * 2 ** Math.max(0, tries - 1));
}

/** Whether an earlier attempt through this account met the same. */
function hasMet(message: OutboundMessage, { number, account }: Attempt, code: number | undefined): boolean {
  return recentAttempts(message).some(
    (each) => each.number < number && each.account === account && each.error_code === code,
  );
}
