import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import type { Logger } from "#shared/core/logger.ts";
import { DUE_COLLECTIONS, type DueCollection, type DueDocument } from "#shared/runtime/due-work.ts";
import { outboundTopic, type Publisher, type TopicName } from "#shared/runtime/publisher.ts";

export interface Deps {
  /** A page of what is due, longest overdue first, behind the document that the page before ended with. */
  readonly due: (collection: DueCollection, after: DueDocument | undefined) => Promise<DueDocument[]>;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface WakeUp {
  readonly topic: TopicName;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A tick ends before the next one; what it did not come to, that one does. */
const TICK_SECONDS = 45;

/** Who sees to what is due. */
const WAKE_UPS: Readonly<Record<DueCollection, (document: DueDocument) => WakeUp>> = {
  messages: (document) => ({
    topic: outboundTopic(document.get("critical") === true),
    data: { message_id: document.id },
  }),
  calls: ({ id }) => ({ topic: "outbound-calls", data: { call_id: id } }),
  provisioning: ({ id }) => ({ topic: "provisioning-due", data: { salon_id: id } }),
  notifications: ({ id }) => ({ topic: "notifications", data: { notification_id: id } }),
  erasures: ({ id }) => ({ topic: "erasures-due", data: { salon_id: id } }),
  incidents: (document) => ({
    topic: "incidents-due",
    data: { salon_id: document.get("salon_id"), source: document.get("source") },
  }),
  outbox: ({ ref }) => ({ topic: "outbox-due", data: { path: ref.path } }),
};

/**
 * Publishes whatever is due. Retry, delay, a crashed worker's lease, a hold: all of them are a `due_at` in the past.
 * It changes nothing itself, so it may run twice, and what it wakes twice finds nothing left to do.
 */
export function createHandler({ due, publisher, clock, logger }: Deps): () => Promise<void> {
  return async () => {
    const end = plusSeconds(clock.now(), TICK_SECONDS);
    const woken = await Promise.allSettled(DUE_COLLECTIONS.map((collection) => wakeAll(collection, end)));
    const count = woken.reduce((sum, each) => sum + (each.status === "fulfilled" ? each.value : 0), 0);
    if (count > 0) logger.info("due work woken", { count });
    // What cannot be read or woken in one collection stops no other.
    for (const each of woken) if (each.status === "rejected") throw each.reason;
  };

  async function wakeAll(collection: DueCollection, end: Date): Promise<number> {
    let count = 0;
    let last: DueDocument | undefined;
    do {
      const page = await due(collection, last);
      await Promise.all(page.map((document) => wake(document, WAKE_UPS[collection](document))));
      count += page.length;
      last = page.at(-1);
    } while (last !== undefined && clock.now() < end);
    return count;
  }

  function wake({ ref, id }: DueDocument, { topic, data }: WakeUp): Promise<void> {
    return publisher.publish(topic, topic === "outbox-due" ? ref.path : id, data);
  }
}
