import { setTimeout as delay } from "node:timers/promises";
import { type Message, PubSub, type Subscription } from "@google-cloud/pubsub";
import { createGate } from "./gate.ts";
import { backoffMs, type PushedEvent, pushEvent } from "./push-event.ts";

interface Route {
  readonly topic: string;
  readonly url: string;
}

interface Options {
  /** host:port of the emulator. */
  readonly host: string;
  readonly projectId: string;
  /** Which function gets the messages of which topic. Topics are created; so is a subscription a route. */
  readonly routes: readonly Route[];
  /** Further topics to create: those that we only publish to. */
  readonly topics?: readonly string[];
  /** Pushes in flight per route; a function's concurrency setting in production. */
  readonly concurrency?: number;
  /** Deliveries of one message before it is dropped. Production stops after 24 hours. */
  readonly attempts?: number;
}

export interface PubSubBridge {
  /** Takes no more messages and waits, at most `drainMs` (10 s), for those that functions are working on. */
  close(drainMs?: number): Promise<void>;
}

const ALREADY_EXISTS = 6;
const CONCURRENCY = 80;

/**
 * Plays Eventarc between the Pub/Sub emulator and our functions: pushes every message to its function until it is
 * accepted. The emulator can push by itself, but only two messages at a time.
 */
export async function startPubSubBridge(options: Options): Promise<PubSubBridge> {
  const { host, projectId, routes, topics = [] } = options;
  const pubsub = new PubSub({ projectId, apiEndpoint: host, emulatorMode: true });
  const closing = new AbortController();
  const cutting = new AbortController();
  const working = new Set<Promise<void>>();

  for (const topic of new Set([...topics, ...routes.map((route) => route.topic)])) {
    await pubsub.createTopic(topic).catch(unlessItExists);
  }
  const subscriptions: Subscription[] = [];
  for (const [index, route] of routes.entries()) {
    const name = `eventarc-local-${route.topic}-${index}`;
    await pubsub.createSubscription(route.topic, name).catch(unlessItExists);
    const push = createPusher(options, route, { name, closing: closing.signal, cutting: cutting.signal });
    // More messages than pushes, so that those waiting for their next attempt do not hold up the others.
    const maxMessages = 10 * (options.concurrency ?? CONCURRENCY);
    const subscription = pubsub.subscription(name, { flowControl: { maxMessages } });
    subscription.on("error", ({ message }) =>
      console.error(`The subscription of ${route.topic} failed: ${message}`),
    );
    subscription.on("message", (message) => {
      if (closing.signal.aborted) return; // the closing subscription gives it back
      const work = push(message).finally(() => working.delete(work));
      working.add(work);
    });
    subscriptions.push(subscription);
  }

  return {
    close: async (drainMs = 10_000) => {
      closing.abort();
      const timer = setTimeout(() => cutting.abort(), drainMs);
      await Promise.all(working);
      clearTimeout(timer);
      await Promise.all(subscriptions.map((subscription) => subscription.close()));
      await pubsub.close();
    },
  };
}

interface Delivery {
  /** Of the subscription. */
  readonly name: string;
  /** Ends the waiting between attempts. */
  readonly closing: AbortSignal;
  /** Ends the attempts themselves. */
  readonly cutting: AbortSignal;
}

function createPusher(options: Options, { topic, url }: Route, { name, closing, cutting }: Delivery) {
  const { projectId, concurrency = CONCURRENCY, attempts = 30 } = options;
  const source = `//pubsub.googleapis.com/projects/${projectId}/topics/${topic}`;
  const subscription = `projects/${projectId}/subscriptions/${name}`;
  const gate = createGate(concurrency);
  const failures = new Map<string, number>();

  return async function push(message: Message): Promise<void> {
    const event = messagePublished(message, source, subscription);
    const problem = await gate(() => pushEvent(url, event, cutting));
    const failed = (failures.get(message.id) ?? 0) + 1;
    if (problem !== undefined && failed < attempts) {
      failures.set(message.id, failed);
      await delay(backoffMs(failed), undefined, { signal: closing }).catch(() => undefined);
      return message.nack();
    }
    if (problem !== undefined) console.error(`A message of ${topic} was dropped: its function ${problem}.`);
    failures.delete(message.id);
    message.ack();
  };
}

function messagePublished(message: Message, source: string, subscription: string): PushedEvent {
  const { id, attributes, orderingKey } = message;
  const publishTime = message.publishTime.toISOString();
  const data = message.data.toString("base64");
  // Pub/Sub says id and time in both spellings.
  const times = { messageId: id, message_id: id, publishTime, publish_time: publishTime };
  const ordering = orderingKey === undefined || orderingKey === "" ? {} : { orderingKey };
  return {
    headers: {
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
      "ce-source": source,
      "ce-id": id,
      "ce-time": publishTime,
    },
    body: JSON.stringify({ message: { data, attributes, ...times, ...ordering }, subscription }),
  };
}

function unlessItExists(error: unknown): void {
  const exists = error instanceof Error && "code" in error && error.code === ALREADY_EXISTS;
  if (!exists) throw error;
}
