import type { PubSub } from "@google-cloud/pubsub";
import { DEPLOYMENTS } from "#scripts/deployments.ts";

export interface Scheduler {
  tick(topic: string): Promise<void>;
  stop(): Promise<void>;
}

const EVERY_MINUTE = "* * * * *";
const MINUTE_MS = 60_000;
/** A local minute: what Cloud Scheduler does by the minute happens every second here; the rest only by `tick`. */
const LOCAL_MINUTE_MS = 1_000;
/** This one looks every second by itself until the next minute's tick; with more of them all would look at once. */
const LASTS_A_MINUTE = "tick-wake-due-work";

/** Plays Cloud Scheduler: publishes a tick to the topic of every scheduled function. */
export function startScheduler(pubsub: PubSub): Scheduler {
  const scheduled = DEPLOYMENTS.flatMap(({ trigger }) =>
    trigger.kind === "topic" && trigger.schedule !== undefined ? [trigger] : [],
  );
  const topics = scheduled.map(({ topic }) => topic);
  const everyMinute = scheduled.filter(({ schedule }) => schedule === EVERY_MINUTE).map(({ topic }) => topic);
  const publishers = new Map(topics.map((name) => [name, pubsub.topic(name)]));
  // A tick must carry data: an empty push is not understood by the functions framework.
  const tick = async (topic: string) => {
    await publishers.get(topic)?.publishMessage({ json: { scheduled_at: new Date().toISOString() } });
  };
  const timers = everyMinute.map((topic) => {
    // A tick that does not get through is followed by the next one.
    const next = () => void tick(topic).catch(() => undefined);
    next();
    return setInterval(next, topic === LASTS_A_MINUTE ? MINUTE_MS : LOCAL_MINUTE_MS);
  });
  return {
    tick,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await pubsub.close();
    },
  };
}
