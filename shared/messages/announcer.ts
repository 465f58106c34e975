import type { Publisher } from "#shared/runtime/publisher.ts";
import type { OutboundMessage } from "./message.ts";

export interface Announcer {
  /**
   * Publishes on `message-events` where a message is now. At least once: a consumer deduplicates by `event_id`.
   * Nothing personal is in it; who needs the text or the number asks `GET /v1/messages/{id}`.
   */
  announce(message: OutboundMessage): Promise<void>;
}

export function createAnnouncer(publisher: Publisher): Announcer {
  return {
    async announce(message) {
      const attempt = message.attempts.at(-1);
      const eventId = `${message.id}:${message.attempts.length}:${message.state}`;
      await publisher.publish("message-events", eventId, {
        version: 1,
        event_id: eventId,
        salon_id: message.salon_id,
        message_id: message.id,
        idempotency_key: message.idempotency_key,
        purpose: message.purpose,
        channel: message.channel,
        state: message.state,
        hold_reason: message.hold_reason,
        error_code: attempt?.error_code ?? null,
        failure: message.failure,
        attempt: message.attempts.length,
        occurred_at: message.updated_at.toISOString(),
      });
    },
  };
}
