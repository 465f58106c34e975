import type { PubSub } from "@google-cloud/pubsub";
import { z } from "zod";

export interface TopicListener {
  /** All events so far, oldest first. */
  events(): readonly Record<string, unknown>[];
  close(): Promise<void>;
}

/** Listens as a service of the platform would: with a subscription of its own. */
export async function listenTo(pubsub: PubSub, topic: string): Promise<TopicListener> {
  const [subscription] = await pubsub.topic(topic).createSubscription(`demo-${topic}`);
  const events: Record<string, unknown>[] = [];
  subscription.on("message", (message) => {
    events.push(z.record(z.string(), z.unknown()).parse(JSON.parse(message.data.toString("utf8"))));
    message.ack();
  });
  return { events: () => events, close: () => subscription.close() };
}
