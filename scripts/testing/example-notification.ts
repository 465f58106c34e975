import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Contact, Told } from "#shared/notifications/channel.ts";
import {
  type ChannelRecord,
  type Notice,
  type Notification,
  notificationIdOf,
} from "#shared/notifications/notification.ts";

export const salonId = SalonId.parse("salon-anjali");
/** 20:00 in Kolkata, already the 23rd in Auckland. */
export const now = new Date("2026-11-22T14:30:00Z");

export const contact: Contact = {
  salonName: "Anjali's Salon",
  ownerEmail: "anjali@example.com",
  timeZone: "Asia/Kolkata",
};

export const pending: ChannelRecord = {
  state: "pending",
  attempts: 0,
  last_error: null,
  retry_at: null,
  sent_at: null,
};

export const changed: Notice = {
  kind: "credentials_changed",
  facts: { by: "Anjali Rao", at: now, rollback_until: plusSeconds(now, 86_400) },
};

/** A new notification with all its channels pending. */
export function notificationOf(notice: Notice = changed): Notification {
  return {
    ...notice,
    id: notificationIdOf(salonId, notice.kind, "revision 7"),
    salon_id: salonId,
    audience: ["owner", "security"],
    channels: { email: pending, slack: pending, webhook: pending },
    lease: null,
    due_at: now,
    created_at: now,
  };
}

export function toldOf(notice: Notice = changed, about: Partial<Contact> = {}): Told {
  return { notification: notificationOf(notice), contact: { ...contact, ...about } };
}
