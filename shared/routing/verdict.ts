import { plusSeconds } from "#shared/core/clock.ts";
import type { Verdict } from "#shared/messages/transitions.ts";
import { classify } from "#shared/twilio/errors.ts";
import { policyOf } from "#shared/twilio/failure-classes.ts";

export interface VerdictContext {
  readonly now: Date;
  readonly random: () => number;
  readonly recheckSeconds: number;
}

const BASE_SECONDS = 15;
const MAX_SECONDS = 900;

/** What a failed attempt means for its message. Whatever may have been sent is looked for before it is sent again. */
export function verdictOn(
  error: unknown,
  attempt: number,
  { now, random, recheckSeconds }: VerdictContext,
): Verdict {
  const { certainty, class: failureClass, code } = classify(error);
  const policy = policyOf(failureClass);
  if (certainty === "unclear" || policy.retry === "settle_first") {
    return { kind: "uncertain", looked: false, lookAt: plusSeconds(now, recheckSeconds) };
  }
  if (certainty === "not_processed" || policy.retry === "later") {
    const retryAt = plusSeconds(now, backoffSeconds(attempt, random));
    return { kind: "retry", retryAt, ...(code === undefined ? {} : { errorCode: code }) };
  }
  const reason = `Twilio refused the message: ${policy.says}.`;
  return { kind: "fail", failure: { class: failureClass, twilio_code: code ?? null, reason } };
}

/** Exponential with full jitter, from the second attempt on; seconds. */
export function backoffSeconds(attempt: number, random: () => number): number {
  return 1 + random() * Math.min(MAX_SECONDS, BASE_SECONDS * 2 ** (attempt - 1));
}
