import { backoffSeconds } from "#shared/core/backoff.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { afterFailure } from "#shared/messages/after-failure.ts";
import { recentAttempts } from "#shared/messages/attempts.ts";
import type { Attempt, Failure, OutboundMessage } from "#shared/messages/message.ts";
import type { Verdict } from "#shared/messages/transitions.ts";
import { classify } from "#shared/twilio/errors.ts";
import { policyOf } from "#shared/twilio/failure-classes.ts";

export interface VerdictContext {
  readonly now: Date;
  readonly random: () => number;
  readonly recheckSeconds: number;
  /** What Twilio says of the account, where the failure made us ask. */
  readonly accountIsWell: boolean;
}

const ABSENT: Failure = {
  class: "transient",
  twilio_code: null,
  reason: "Twilio did not answer, and does not have the message.",
};

/** What a failed request means for its message. Whatever may have been sent is looked for before it is sent again. */
export function verdictOn(
  error: unknown,
  message: OutboundMessage,
  attempt: Attempt,
  { now, random, recheckSeconds, accountIsWell }: VerdictContext,
): Verdict {
  const { certainty, class: failureClass, code } = classify(error);
  const policy = policyOf(failureClass);
  if (certainty === "unclear" || policy.retry === "settle_first") {
    return { kind: "uncertain", looked: false, lookAt: plusSeconds(now, recheckSeconds) };
  }
  const errorCode = code ?? null;
  const reason = `Twilio refused the message: ${policy.says}.`;
  const failure: Failure = { class: failureClass, twilio_code: errorCode, reason };
  const how = certainty === "rejected" ? "refused" : "not_processed";
  const wait = backoffSeconds(recentAttempts(message).length, random);
  const next = afterFailure(message, { attempt, failure, how, accountIsWell, wait }, now);
  return { kind: "over", state: "rejected", errorCode, next };
}

/** What it means that Twilio surely does not have an attempt: it has waited for that already, so it goes at once at first. */
export function verdictOnAbsent(
  message: OutboundMessage,
  attempt: Attempt,
  { now, random }: Pick<VerdictContext, "now" | "random">,
): Verdict {
  const tries = recentAttempts(message).length;
  const wait = tries <= 1 ? 0 : backoffSeconds(tries, random);
  const next = afterFailure(message, { attempt, failure: ABSENT, how: "not_processed", wait }, now);
  return { kind: "over", state: "absent", errorCode: null, next };
}
