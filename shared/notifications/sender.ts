import { toAppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { LogFields, Logger } from "#shared/core/logger.ts";
import type { Channel, Contact } from "./channel.ts";
import type { ChannelName, Notification, NotificationId } from "./notification.ts";
import type { Notifications } from "./store.ts";
import type { Outcome } from "./transitions.ts";

export interface SenderDeps {
  readonly notifications: Notifications;
  /** Undefined where the platform knows no such salon. */
  readonly contactOf: (salonId: SalonId) => Promise<Contact | undefined>;
  readonly channels: Readonly<Record<ChannelName, Channel>>;
  readonly logger: Logger;
  /** Another name for each worker, such as a UUID. */
  readonly newHolder: () => string;
}

export interface Sender {
  /** Sends what is due of a notification, each channel once, as far as its far end lets us know. */
  send(id: NotificationId): Promise<void>;
}

const PLATFORM: Contact = { salonName: "Salon Flow", ownerEmail: null, timeZone: "UTC" };

/**
 * Each channel is taken under a lease, tried, and its outcome written before the next one: repeated events find nothing
 * left to send, and after a worker's death only the channel it was in is tried again.
 */
export function createSender({ notifications, contactOf, channels, logger, newHolder }: SenderDeps): Sender {
  return {
    async send(id) {
      const holder = newHolder();
      for (;;) {
        const taken = await notifications.take(id, holder);
        if (taken.kind === "wait") return;
        const { channel } = taken;
        const after =
          taken.kind === "buried"
            ? taken.notification
            : await notifications.settle(id, channel, holder, await attempt(channel, taken.notification));
        if (after?.channels[channel].state === "failed")
          logger.error("notification given up", fieldsOf(after, channel));
      }
    },
  };

  async function attempt(channel: ChannelName, notification: Notification): Promise<Outcome> {
    const fields = fieldsOf(notification, channel);
    try {
      const sent = await channels[channel]({ notification, contact: await contactFor(notification) });
      logger.info("notification sent", { ...fields, outcome: sent.state });
      return sent;
    } catch (thrown) {
      const error = toAppError(thrown);
      logger.warn("notification not sent", { ...fields, error });
      return { state: "failed", reason: error.message, mayPass: error.retry };
    }
  }

  async function contactFor({ salon_id }: Notification): Promise<Contact> {
    if (salon_id === null) return PLATFORM;
    return (await contactOf(salon_id)) ?? { ...PLATFORM, salonName: salon_id };
  }
}

function fieldsOf({ salon_id, kind, channels }: Notification, channel: ChannelName): LogFields {
  const salon = salon_id === null ? {} : { salonId: salon_id };
  return { ...salon, step: kind, channel, attempt: channels[channel].attempts };
}
