import type { Logger } from "#shared/core/logger.ts";
import type { DueDocument } from "#shared/runtime/due-work.ts";
import { outboundTopic, type Publisher } from "#shared/runtime/publisher.ts";

export interface Deps {
  readonly dueMessages: () => Promise<DueDocument[]>;
  readonly dueCalls: () => Promise<DueDocument[]>;
  readonly dueProvisioning: () => Promise<DueDocument[]>;
  readonly dueNotifications: () => Promise<DueDocument[]>;
  readonly dueErasures: () => Promise<DueDocument[]>;
  readonly dueIncidents: () => Promise<DueDocument[]>;
  readonly dueOutbox: () => Promise<DueDocument[]>;
  readonly publisher: Publisher;
  readonly logger: Logger;
}

/**
 * Publishes whatever is due. Retry, delay, a crashed worker's lease, a hold: all of them are a `due_at` in the past.
 * It changes nothing itself, so it may run twice, and what it wakes twice finds nothing left to do.
 */
export function createHandler({
  dueMessages,
  dueCalls,
  dueProvisioning,
  dueNotifications,
  dueErasures,
  dueIncidents,
  dueOutbox,
  publisher,
  logger,
}: Deps): () => Promise<void> {
  return async () => {
    const [messages, calls, provisioning, notifications, erasures, incidents, outbox] = await Promise.all([
      dueMessages(),
      dueCalls(),
      dueProvisioning(),
      dueNotifications(),
      dueErasures(),
      dueIncidents(),
      dueOutbox(),
    ]);
    const published = await Promise.all([
      ...messages.map(({ id, get }) =>
        publisher.publish(outboundTopic(get("critical") === true), id, { message_id: id }),
      ),
      ...calls.map(({ id }) => publisher.publish("outbound-calls", id, { call_id: id })),
      ...provisioning.map(({ id }) => publisher.publish("provisioning-due", id, { salon_id: id })),
      ...notifications.map(({ id }) => publisher.publish("notifications", id, { notification_id: id })),
      ...erasures.map(({ id }) => publisher.publish("erasures-due", id, { salon_id: id })),
      ...incidents.map(({ id, get }) =>
        publisher.publish("incidents-due", id, { salon_id: get("salon_id"), source: get("source") }),
      ),
      ...outbox.map(({ path }) => publisher.publish("outbox-due", path, { path })),
    ]);
    if (published.length > 0) logger.info("due work woken", { count: published.length });
  };
}
