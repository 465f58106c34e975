import type { Firestore } from "firebase-admin/firestore";
import type { SalonId } from "#shared/core/ids.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import {
  type Audience,
  type ChannelRecord,
  Notice,
  type Notification,
  type NotificationId,
  type NotificationKind,
  notificationIdOf,
} from "./notification.ts";

export type NewNotification = Notice & {
  /** null: it is about the platform itself. */
  readonly salonId: SalonId | null;
  /** What makes it this one and no other, such as the revision that it tells of: the same key never tells twice. */
  readonly key: string;
  readonly now: Date;
  /** Who is told beside those that the kind concerns. */
  readonly also?: readonly Audience[];
};

const AUDIENCE: Readonly<Record<NotificationKind, readonly Audience[]>> = {
  credentials_changed: ["owner", "security"],
  credentials_rolled_back: ["owner", "security"],
  integration_disconnected: ["owner", "security"],
  integration_failed: ["owner"],
  integration_recovered: ["owner"],
  attention_needed: ["owner"],
  rotation_due: ["owner"],
  changed_outside: ["security"],
  messages_not_delivered: ["owner"],
  calls_not_made: ["owner"],
  voicemail_left: ["owner"],
  delivery_trouble: ["security"],
  message_sent_twice: ["security"],
  data_erased: ["owner", "security"],
  platform_credentials_rotated: ["security"],
  platform_rotation_failed: ["security"],
};

/**
 * Writes a notification in the transaction of what it tells of, so that there is neither without the other. It is there
 * once however often the cause repeats. Nobody has to publish anything: it is due at once, and `wake-due-work` looks.
 */
export async function createNotification(
  transaction: Transaction,
  firestore: Firestore,
  { key, ...wanted }: NewNotification,
): Promise<NotificationId> {
  const id = notificationIdOf(wanted.salonId, wanted.kind, key);
  const reference = firestore.collection("notifications").doc(id);
  const known = await transaction.get(reference);
  if (!known.exists) transaction.set(reference, newNotification(id, wanted));
  return id;
}

function newNotification(
  id: NotificationId,
  { salonId, now, also = [], ...told }: Omit<NewNotification, "key">,
): Notification {
  const concerned = new Set([...AUDIENCE[told.kind], ...also]);
  const audience = [...concerned].filter((name) => name !== "owner" || salonId !== null);
  const channel = (isTold: boolean): ChannelRecord => ({
    state: isTold ? "pending" : "skipped",
    attempts: 0,
    last_error: null,
    retry_at: null,
    sent_at: null,
  });
  const security = audience.includes("security");
  return {
    ...Notice.parse(told),
    id,
    salon_id: salonId,
    audience,
    channels: {
      email: channel(audience.includes("owner")),
      slack: channel(security),
      webhook: channel(security),
    },
    lease: null,
    due_at: now,
    created_at: now,
  };
}
