import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import type { Logger } from "#shared/core/logger.ts";
import { DUE_COLLECTIONS, type DueCollection, type DueDocument } from "#shared/runtime/due-work.ts";
import type { Trigger } from "#shared/runtime/event-boundary.ts";
import { outboundTopic, type Publisher, type TopicName } from "#shared/runtime/publisher.ts";

export interface Deps {
  /** A page of what is due by `now`, longest overdue first, behind the document that the page before ended with. */
  readonly due: (
    collection: DueCollection,
    now: Date,
    after: DueDocument | undefined,
  ) => Promise<DueDocument[]>;
  readonly publisher: Publisher;
  readonly clock: Clock;
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  readonly logger: Logger;
}

interface WakeUp {
  readonly topic: TopicName;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a tick did for one collection. */
interface Watched {
  readonly count: number;
  readonly failures: readonly unknown[];
}

/** A tick lasts until the next one comes, counted from when it was published: also when it comes late, or again. */
const TICK_SECONDS = 60;
/** A long code sends a segment a second: what a campaign has placed a second apart must not go together. */
const LOOK_SECONDS = 1;

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
  // By their ids, so that a malformed one is found out like any other.
  incidents: ({ id }) => {
    const [, salon_id, source] = /^(.+)_(salon_own|platform_subaccount)$/.exec(id) ?? [];
    return { topic: "incidents-due", data: { salon_id, source } };
  },
  outbox: ({ ref }) => ({ topic: "outbox-due", data: { path: ref.path } }),
};

/**
 * Publishes whatever becomes due until the next tick, in its second. Retry, delay, a crashed worker's lease, a place in a
 * campaign, a hold: all of them are a `due_at`. It changes nothing itself, so ticks may overlap, and what they wake twice
 * finds nothing left to do.
 */
export function createHandler({ due, publisher, clock, sleep, logger }: Deps) {
  let latest: Date | undefined;
  return async (tick: Trigger): Promise<void> => {
    const published = tick.kind === "message" ? tick.publishedAt : undefined;
    // Pub/Sub may bring a tick again while this instance is at it.
    if (published !== undefined && latest !== undefined && published <= latest) return;
    latest = published;
    const end = plusSeconds(published ?? clock.now(), TICK_SECONDS);
    // Each goes its own way: what cannot be read or woken in one collection neither stops nor delays another.
    const watched = await Promise.all(DUE_COLLECTIONS.map((collection) => watch(collection, end)));
    const count = watched.reduce((sum, each) => sum + each.count, 0);
    if (count > 0) logger.info("due work woken", { count });
    const [failure] = watched.flatMap(({ failures }) => failures);
    if (failure !== undefined) throw failure;
  };

  /**
   * Looks every second, each time behind what it has seen. What failed to be woken, or becomes due behind that, is the
   * next tick's.
   */
  async function watch(collection: DueCollection, end: Date): Promise<Watched> {
    const failures: unknown[] = [];
    let count = 0;
    let last: DueDocument | undefined;
    for (let look = clock.now(); look < end; look = await nextLook(look, end)) {
      try {
        let page: DueDocument[];
        do {
          page = await due(collection, look, last);
          last = page.at(-1) ?? last;
          await Promise.all(page.map((document) => wake(document, WAKE_UPS[collection](document))));
          count += page.length;
        } while (page.length > 0 && clock.now() < end);
      } catch (error) {
        failures.push(error);
      }
    }
    return { count, failures };
  }

  async function nextLook(look: Date, end: Date): Promise<Date> {
    const next = Math.min(plusSeconds(look, LOOK_SECONDS).getTime(), end.getTime());
    await sleep(Math.max(0, next - clock.now().getTime()));
    return clock.now();
  }

  function wake({ ref, id }: DueDocument, { topic, data }: WakeUp): Promise<void> {
    return publisher.publish(topic, topic === "outbox-due" ? ref.path : id, data);
  }
}
