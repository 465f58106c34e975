import type { SalonId } from "#shared/core/ids.ts";
import { utcDay } from "#shared/core/time.ts";
import type { NewNotification } from "./create-notification.ts";

/**
 * Tells the operators of a failure that is theirs to mend: once an hour for a salon and code, not once a message; null
 * when it is no one salon's.
 */
export function deliveryTrouble(
  salonId: SalonId | null,
  { class: failureClass, code }: { readonly class: string; readonly code: number | null },
  now: Date,
): NewNotification {
  return {
    kind: "delivery_trouble",
    facts: { failure_class: failureClass, twilio_code: code, at: now },
    salonId,
    key: `${failureClass}:${code}:${utcDay(now)}:${now.getUTCHours()}`,
    now,
  };
}
