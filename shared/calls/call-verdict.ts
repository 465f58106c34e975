import { backoffSeconds } from "#shared/core/backoff.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { TROUBLE_WAIT_SECONDS } from "#shared/salons/health.ts";
import { classify } from "#shared/twilio/errors.ts";
import { isAccountTrouble, policyOf } from "#shared/twilio/failure-classes.ts";
import type { CallVerdict } from "./call-transitions.ts";
import type { OutboundCall } from "./outbound-call.ts";

export interface CallVerdictContext {
  readonly now: Date;
  readonly random: () => number;
  readonly recheckSeconds: number;
  /** Whether calls have to wait for the account, as Twilio was asked. */
  readonly inTrouble: boolean;
}

/**
 * More than a call needs in the week that it may be wanted, and few enough for an event of Eventarc's, which holds the
 * document twice in 512 KB.
 */
const MAX_ATTEMPTS = 500;

/** What a failed attempt means for its call. Whatever may have rung somewhere is looked for before it is made again. */
export function verdictOnCall(
  error: unknown,
  call: Pick<OutboundCall, "attempts">,
  { now, random, recheckSeconds, inTrouble }: CallVerdictContext,
): CallVerdict {
  const { certainty, class: failureClass, code } = classify(error);
  const { retry, says } = policyOf(failureClass);
  if (certainty === "unclear" || retry === "settle_first")
    return { kind: "uncertain", looked: false, lookAt: plusSeconds(now, recheckSeconds) };
  const errorCode = code ?? null;
  const failure = {
    class: failureClass,
    twilio_code: errorCode,
    reason: `Twilio refused the call: ${says}.`,
  };
  const number = call.attempts.length;
  if (number >= MAX_ATTEMPTS) return { kind: "fail", failure };
  // An account that is well deserves one more try; then it is not what stands in the way.
  const isFirst = call.attempts.slice(0, -1).every(({ error_code }) => error_code !== code);
  const isPassing = isAccountTrouble(code) && !inTrouble && isFirst;
  if (certainty === "not_processed" || retry === "later" || isPassing) {
    const retryAt = plusSeconds(now, backoffSeconds(number, random));
    return { kind: "retry", reason: "retry", retryAt, errorCode };
  }
  if (isAccountTrouble(code) && inTrouble) {
    const retryAt = plusSeconds(now, TROUBLE_WAIT_SECONDS);
    return { kind: "retry", reason: "account_trouble", retryAt, errorCode };
  }
  return { kind: "fail", failure };
}
