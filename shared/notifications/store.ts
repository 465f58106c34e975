import type { DocumentSnapshot } from "firebase-admin/firestore";
import type { Clock } from "#shared/core/clock.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
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
    take: (id, holder) =>
      database.transact(async (transaction) => {
        const snapshot = await transaction.get(reference(id));
        if (!snapshot.exists) return { kind: "wait" };
        const next = taken(parse(snapshot), holder, clock.now());
        if (next.kind !== "wait") transaction.set(reference(id), next.notification);
        return next;
      }),
    settle: (id, channel, holder, outcome) =>
      database.transact(async (transaction) => {
        const notification = parse(await transaction.get(reference(id)));
        const next = settled(notification, channel, { holder, outcome, now: clock.now() });
        if (next !== undefined) transaction.set(reference(id), next);
        return next;
      }),
  };
}

function parse(snapshot: DocumentSnapshot): Notification {
  return parseDocument(Notification, snapshot.ref.path, snapshot.data());
}
