import type { Clock } from "#shared/core/clock.ts";
import { createNotification } from "#shared/notifications/create-notification.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Deps } from "./handler.ts";

/** Writes the notification to security that an integration was changed from outside, once an event. */
export function createSecurityNotice(database: Database, clock: Clock): Deps["tellSecurity"] {
  return async (salonId, eventId, { by, fields }) => {
    await database.transact((transaction, firestore) => {
      const now = clock.now();
      const facts = { by, at: now, fields: [...fields] };
      return createNotification(transaction, firestore, {
        kind: "changed_outside",
        facts,
        salonId,
        key: eventId,
        now,
      });
    });
  };
}
