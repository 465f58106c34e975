import type { Publisher, TopicName } from "#shared/runtime/publisher.ts";

export interface Published {
  readonly topic: TopicName;
  readonly key: string;
  readonly data: Readonly<Record<string, unknown>>;
}

export interface RecordingPublisher extends Publisher {
  /** What has gone out so far, oldest first. */
  readonly published: readonly Published[];
  /** Has the next publication fail, as when Pub/Sub is away for a moment. */
  failOnce(): void;
}

/** Passes everything on to a publisher, and remembers what went out. */
export function recordPublisher(publisher: Publisher): RecordingPublisher {
  const published: Published[] = [];
  let failing = false;
  return {
    published,
    failOnce() {
      failing = true;
    },
    async publish(topic, key, data) {
      if (failing) {
        failing = false;
        throw new Error("Pub/Sub is away for a moment");
      }
      await publisher.publish(topic, key, data);
      published.push({ topic, key, data });
    },
  };
}
