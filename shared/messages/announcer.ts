import type { Publisher } from "#shared/runtime/publisher.ts";
import { messageEvent } from "./events.ts";
import type { OutboundMessage } from "./message.ts";

export interface Announcer {
  /** Publishes on `message-events` where a message is now, at least once. */
  announce(message: OutboundMessage): Promise<void>;
}

export function createAnnouncer(publisher: Publisher): Announcer {
  return {
    async announce(message) {
      const event = messageEvent(message);
      await publisher.publish("message-events", event.event_id, event);
    },
  };
}
