import { backoffSeconds } from "#shared/core/backoff.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { isTroubleOfSalon } from "#shared/messages/account-trouble.ts";
import { fallsBack } from "#shared/messages/fallback.ts";
import type { Attempt, Failure, OutboundMessage } from "#shared/messages/message.ts";
import type { Verdict } from "#shared/messages/transitions.ts";
import { TROUBLE_WAIT_SECONDS } from "#shared/salons/health.ts";
import { classify } from "#shared/twilio/errors.ts";
import { policyOf } from "#shared/twilio/failure-classes.ts";

export interface VerdictContext {
  readonly now: Date;
  readonly random: () => number;
  readonly recheckSeconds: number;
}

/**
 * More than a message needs in the week that it may be wanted, and few enough for an event of Eventarc's, which holds the
 * document twice in 512 KB. One that got here is poison.
 */
const MAX_ATTEMPTS = 500;

/** What a failed attempt means for its message. Whatever may have been sent is looked for before it is sent again. */
export function verdictOn(
  error: unknown,
  message: OutboundMessage,
  { number, channel, source }: Attempt,
  { now, random, recheckSeconds }: VerdictContext,
): Verdict {
  const { certainty, class: failureClass, code } = classify(error);
  const policy = policyOf(failureClass);
  if (certainty === "unclear" || policy.retry === "settle_first") {
    return { kind: "uncertain", looked: false, lookAt: plusSeconds(now, recheckSeconds) };
  }
  const reason = `Twilio refused the message: ${policy.says}.`;
  const failure: Failure = { class: failureClass, twilio_code: code ?? null, reason };
  if (fallsBack(message, channel, failure)) return { kind: "fallback", failure };
  const errorCode = code === undefined ? {} : { errorCode: code };
  if (number >= MAX_ATTEMPTS) return { kind: "fail", failure };
  if (certainty === "not_processed" || policy.retry === "later") {
    return { kind: "retry", retryAt: plusSeconds(now, backoffSeconds(number, random)), ...errorCode };
  }
  if (isTroubleOfSalon(message, source, code)) {
    const retryAt = plusSeconds(now, TROUBLE_WAIT_SECONDS);
    return { kind: "retry", retryAt, reason: "account_trouble", ...errorCode };
  }
  return { kind: "fail", failure };
}
