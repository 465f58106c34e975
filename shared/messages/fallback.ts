import { policyOf } from "#shared/twilio/failure-classes.ts";
import type { AttemptChannel, Failure, OutboundMessage } from "./message.ts";

/** Whether a critical message now takes its other way: never around an opt-out, a block or a rule. */
export function fallsBack(
  { critical, fallback, on_fallback }: OutboundMessage,
  failedChannel: AttemptChannel,
  { class: failureClass }: Pick<Failure, "class">,
): boolean {
  if (!critical || fallback === null || on_fallback) return false;
  const policy = policyOf(failureClass);
  return (
    policy.fallback === "any_sender" ||
    (policy.fallback === "other_channel" && fallback.channel !== failedChannel)
  );
}

/** From now on the message goes its other way; why its own failed is kept, should that fail as well. */
export function fallenBack(failure: Failure, now: Date) {
  return { state: "held", hold_reason: "fallback", due_at: now, on_fallback: true, failure } as const;
}
