import { type DocumentSnapshot, FieldValue } from "firebase-admin/firestore";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { Database } from "#shared/runtime/database.ts";
import { type ChannelName, Notification, type NotificationId } from "./notification.ts";
import { type Outcome, settled, type Taken, taken } from "./transitions.ts";

/** The notifications in Firestore: each change reads, decides by `transitions.ts` and writes in one transaction. */
export interface Notifications {
  /** Takes the next channel that is due; `wait` when there is none, or another worker has it. */
  take(id: NotificationId, holder: string): Promise<Taken>;
  /** The notification as it is then; undefined when nothing changed. */
  settle(
    id: NotificationId,
    channel: ChannelName,
    holder: string,
    outcome: Outcome,
  ): Promise<Notification | undefined>;
}

export function createNotifications(database: Database, clock: Clock): Notifications {
  const reference = (id: NotificationId) => database.firestore.collection("notifications").doc(id);

  return {
    async take(id, holder) {
      const result = await database.transact(async (transaction) => {
        const snapshot = await transaction.get(reference(id));
        if (!snapshot.exists) return { kind: "wait" } as const;
        const notification = parse(snapshot);
        if (notification instanceof AppError) {
          // Due for ever, it would be set aside again with every tick.
          transaction.merge(reference(id), { due_at: FieldValue.delete() });
          return notification;
        }
        const next = taken(notification, holder, clock.now());
        if (next.kind !== "wait") transaction.set(reference(id), next.notification);
        return next;
      });
      if (result instanceof AppError) throw result;
      return result;
    },
    settle: (id, channel, holder, outcome) =>
      database.transact(async (transaction) => {
        const notification = parse(await transaction.get(reference(id)));
        if (notification instanceof AppError) throw notification;
        const next = settled(notification, channel, { holder, outcome, now: clock.now() });
        if (next !== undefined) transaction.set(reference(id), next);
        return next;
      }),
  };
}

/** The notification, or an error that names the wrong fields and never their values. */
function parse(snapshot: DocumentSnapshot): Notification | AppError {
  const result = Notification.safeParse(snapshot.data());
  if (result.success) return result.data;
  const fields = result.error.issues.map(({ path }) => path.join(".")).join(", ");
  return new AppError("failed-precondition", `The document ${snapshot.ref.path} is malformed: ${fields}.`);
}
