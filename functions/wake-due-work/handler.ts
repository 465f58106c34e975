import type { Logger } from "#shared/core/logger.ts";
import type { DueDocument } from "#shared/runtime/due-work.ts";
import { outboundTopic, type Publisher } from "#shared/runtime/publisher.ts";

export interface Deps {
  readonly dueMessages: () => Promise<DueDocument[]>;
  readonly dueProvisioning: () => Promise<DueDocument[]>;
  readonly dueNotifications?: () => Promise<DueDocument[]>;
  readonly dueErasures?: () => Promise<DueDocument[]>;
  readonly publisher: Publisher;
  readonly logger: Logger;
}

/**
 * Publishes whatever is due. Retry, delay, a crashed worker's lease, a hold: all of them are a `due_at` in the past.
 * It changes nothing itself, so it may run twice, and what it wakes twice finds nothing left to do.
 */
export function createHandler({
  dueMessages,
  dueProvisioning,
  dueNotifications = async () => [],
  dueErasures = async () => [],
  publisher,
  logger,
}: Deps): () => Promise<void> {
  return async () => {
    const [messages, provisioning, notifications, erasures] = await Promise.all([
      dueMessages(),
      dueProvisioning(),
      dueNotifications(),
      dueErasures(),
    ]);
    await Promise.all([
      ...messages.map(({ id, get }) =>
        publisher.publish(outboundTopic(get("critical") === true), id, { message_id: id }),
      ),
      ...provisioning.map(({ id }) => publisher.publish("provisioning-due", id, { salon_id: id })),
      ...notifications.map(({ id }) => publisher.publish("notifications", id, { notification_id: id })),
      ...erasures.map(({ id }) => publisher.publish("erasures-due", id, { salon_id: id })),
    ]);
    const count = messages.length + provisioning.length + notifications.length + erasures.length;
    if (count > 0) logger.info("due work woken", { count });
  };
}
