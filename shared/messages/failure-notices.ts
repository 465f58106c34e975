import { dayIn, utcDay } from "#shared/core/time.ts";
import type { NewNotification } from "#shared/notifications/create-notification.ts";
import { policyOf } from "#shared/twilio/failure-classes.ts";
import type { OutboundMessage } from "./message.ts";
import type { MessageState } from "./state.ts";

const WITHOUT_ARRIVING: readonly MessageState[] = ["failed", "undelivered", "expired"];

/**
 * Who is told when a message ends without having arrived. Trouble with an account is an incident of its own and told
 * there. Of the rest the owner hears once a day and kind, the operators once an hour and code, not once a message.
 */
export function noticesOf(
  before: OutboundMessage,
  after: OutboundMessage,
  doubled: boolean,
  now: Date,
): NewNotification[] {
  const { salon_id: salonId } = after;
  if (doubled)
    return [
      { kind: "message_sent_twice", facts: { message_id: after.id, at: now }, salonId, key: after.id, now },
    ];
  if (WITHOUT_ARRIVING.includes(before.state) || !WITHOUT_ARRIVING.includes(after.state)) return [];
  if (after.purpose === "test") return [];
  const failureClass = after.failure?.class ?? "transient";
  const code = after.failure?.twilio_code ?? null;
  const { tells } = policyOf(failureClass);
  const notices: NewNotification[] = [];
  if (tells === "operators")
    notices.push({
      kind: "delivery_trouble",
      facts: { failure_class: failureClass, twilio_code: code, at: now },
      salonId,
      key: `${failureClass}:${code}:${utcDay(now)}:${now.getUTCHours()}`,
      now,
    });
  if (after.state === "expired" || after.critical || tells === "salon")
    notices.push({
      kind: "messages_not_delivered",
      facts: { reason: after.failure?.reason ?? "It could not be sent before it was too late.", at: now },
      salonId,
      key: `${failureClass}:${dayIn(after.time_zone, now)}`,
      now,
    });
  return notices;
}
