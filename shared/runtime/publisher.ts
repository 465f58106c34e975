import { PubSub, type Topic } from "@google-cloud/pubsub";
import { withDeadline } from "#shared/core/deadline.ts";
import { AppError } from "#shared/core/errors.ts";

/** The topics we publish to. Consumers see every message at least once. */
export type TopicName =
  | "outbound"
  | "outbound-critical"
  | "outbound-calls"
  | "provisioning-due"
  | "notifications"
  | "erasures-due"
  | "incidents-due"
  | "outbox-due"
  | "inbound-messages"
  | "message-events"
  | "call-events";

/** Critical messages have a topic of their own, so that no campaign stands before them. */
export function outboundTopic(critical: boolean): TopicName {
  return critical ? "outbound-critical" : "outbound";
}

export interface Publisher {
  /** Publishes `data` as JSON. `key` is what a consumer deduplicates by; it travels as an attribute. */
  publish(topic: TopicName, key: string, data: Readonly<Record<string, unknown>>): Promise<void>;
}

const DEADLINE_MS = 6_000;

export function createPublisher(projectId: string): Publisher {
  const client = new PubSub({ projectId });
  const topics = new Map<TopicName, Topic>();
  const topicOf = (name: TopicName) => {
    const known =
      topics.get(name) ?? client.topic(name, { batching: { maxMilliseconds: 2, maxMessages: 100 } });
    topics.set(name, known);
    return known;
  };
  return {
    async publish(topic, key, data) {
      const sent = topicOf(topic).publishMessage({ json: data, attributes: { key } });
      try {
        await withDeadline(
          "Pub/Sub",
          "check PUBSUB_EMULATOR_HOST, or the project and its network",
          DEADLINE_MS,
          sent,
        );
      } catch (error) {
        if (error instanceof AppError) throw error;
        const message = `Pub/Sub refused a message for the topic ${topic}; does the topic exist?`;
        throw new AppError("unavailable", message, { cause: error, context: { service: "Pub/Sub" } });
      }
    },
  };
}
