import { dayIn } from "#shared/core/time.ts";
import type { NewNotification } from "#shared/notifications/create-notification.ts";
import { deliveryTrouble } from "#shared/notifications/delivery-trouble.ts";
import { policyOf } from "#shared/twilio/failure-classes.ts";
import type { OutboundCall, OutboundCallState } from "./outbound-call.ts";

const NOT_MADE: readonly OutboundCallState[] = ["failed", "expired"];

/**
 * Who is told when a call ends without having been made. That a customer cannot be reached is nobody's to mend, and
 * trouble with an account is an incident of its own. Of the rest the owner hears once a day and kind, the operators of
 * what is theirs to mend once an hour and code.
 */
export function callNoticesOf(before: OutboundCall, after: OutboundCall, now: Date): NewNotification[] {
  if (NOT_MADE.includes(before.state) || !NOT_MADE.includes(after.state)) return [];
  const { salon_id: salonId, failure } = after;
  const failureClass = failure?.class ?? "transient";
  const code = failure?.twilio_code ?? null;
  const { tells } = policyOf(failureClass);
  const notices: NewNotification[] = [];
  const isPlatforms = after.attempts.at(-1)?.source !== "salon_own";
  if (tells === "operators" || (tells === "account_holder" && code !== null && isPlatforms))
    notices.push(deliveryTrouble(salonId, { class: failureClass, code }, now));
  if (after.state !== "expired" && tells !== "salon" && tells !== "account_holder") return notices;
  const reason = failure?.reason ?? "It could not be made before it was too late.";
  const key = `${failureClass}:${dayIn(after.time_zone, now)}`;
  notices.push({ kind: "calls_not_made", facts: { reason, at: now }, salonId, key, now });
  return notices;
}
