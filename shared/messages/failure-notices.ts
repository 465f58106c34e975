import { dayIn } from "#shared/core/time.ts";
import type { NewNotification } from "#shared/notifications/create-notification.ts";
import { deliveryTrouble } from "#shared/notifications/delivery-trouble.ts";
import { classOfCode } from "#shared/twilio/error-table.ts";
import { isAccountTrouble, policyOf } from "#shared/twilio/failure-classes.ts";
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
  const notices: NewNotification[] = [];
  const ofPlatform = newPlatformTrouble(before, after);
  if (ofPlatform !== undefined)
    notices.push(deliveryTrouble(null, { class: classOfCode(ofPlatform), code: ofPlatform }, now));
  if (WITHOUT_ARRIVING.includes(before.state) || !WITHOUT_ARRIVING.includes(after.state)) return notices;
  if (after.purpose === "test") return notices;
  const failureClass = after.failure?.class ?? "transient";
  const code = after.failure?.twilio_code ?? null;
  const { tells } = policyOf(failureClass);
  const ofOperators =
    tells === "operators" || (tells === "account_holder" && code !== null && isPlatforms(after, code));
  if (ofOperators && code !== ofPlatform)
    notices.push(deliveryTrouble(salonId, { class: failureClass, code }, now));
  const ofSalon = tells === "salon" || tells === "account_holder";
  if (after.state === "expired" || after.critical || ofSalon)
    notices.push({
      kind: "messages_not_delivered",
      facts: { reason: after.failure?.reason ?? "It could not be sent before it was too late.", at: now },
      salonId,
      key: `${failureClass}:${dayIn(after.time_zone, now)}`,
      now,
    });
  return notices;
}

/** Whether it was an account that the platform's operators look after which met this. */
function isPlatforms({ attempts }: OutboundMessage, code: number): boolean {
  const source = attempts.findLast(({ error_code }) => error_code === code)?.source;
  return source === "platform_subaccount" || source === "platform_default";
}

/** What the last attempt has just met by the platform's own number, on which all salons fall back. */
function newPlatformTrouble(before: OutboundMessage, { attempts }: OutboundMessage): number | undefined {
  const last = attempts.at(-1);
  if (last?.source !== "platform_default" || last.error_code === null) return undefined;
  const isKnown = before.attempts[last.number - 1]?.error_code === last.error_code;
  return !isKnown && isAccountTrouble(last.error_code) ? last.error_code : undefined;
}
