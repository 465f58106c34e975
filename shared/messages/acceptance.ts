import { SegmentedMessage } from "sms-segments-calculator";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { messageIdOf, type SalonId, sha256Hex } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { E164, PartyOf } from "#shared/core/phone.ts";
import { outboundTopic, type Publisher } from "#shared/runtime/publisher.ts";
import type { Salons } from "#shared/salons/salons.ts";
import type { OutboundMessage, TextChannel } from "./message.ts";
import type { OutboundMessages } from "./outbound-store.ts";

export interface SendRequest {
  readonly salonId: SalonId;
  /** The same key accepts a message once; another payload under it is a `conflict`. */
  readonly idempotencyKey: string;
  readonly channel: TextChannel;
  readonly to: E164;
  /** 1 to 1,600 characters. */
  readonly body: string;
  readonly purpose?: OutboundMessage["purpose"];
  readonly critical?: boolean;
  /** False for who delivers the message itself, right away. */
  readonly wake?: boolean;
}

export interface Acceptance {
  /** Stores a message to be sent, once per idempotency key, and wakes `deliver-message`. */
  accept(request: SendRequest): Promise<{ created: boolean; message: OutboundMessage }>;
}

/** After this nobody wants a booking reminder any more. */
const EXPIRES_SECONDS = 24 * 3_600;
/** How long the published wake-up may take before `wake-due-work` repeats it. */
const WAKE_SECONDS = 30;

export interface AcceptanceDeps {
  readonly salons: Salons;
  readonly messages: OutboundMessages;
  readonly publisher: Publisher;
  readonly partyOf: PartyOf;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createAcceptance({
  salons,
  messages,
  publisher,
  partyOf,
  clock,
  logger,
}: AcceptanceDeps): Acceptance {
  return {
    async accept({
      salonId,
      idempotencyKey,
      channel,
      to,
      body,
      purpose = "message",
      critical = false,
      wake = true,
    }) {
      const salon = await salons.open(salonId);
      const now = clock.now();
      const asked: OutboundMessage = {
        direction: "outbound",
        id: messageIdOf(salonId, idempotencyKey),
        salon_id: salonId,
        idempotency_key: idempotencyKey,
        payload_hash: sha256Hex(channel, to, body, purpose, String(critical)),
        purpose,
        critical,
        channel,
        to,
        party: partyOf(to),
        body,
        segments: channel === "sms" ? new SegmentedMessage(body).segmentsCount : 1,
        time_zone: salon.time_zone,
        state: "accepted",
        hold_reason: null,
        failure: null,
        attempts: [],
        due_at: plusSeconds(now, WAKE_SECONDS),
        expires_at: plusSeconds(now, EXPIRES_SECONDS),
        accepted_at: now,
        updated_at: now,
      };
      const { created, message } = await messages.create(asked);
      if (message.payload_hash !== asked.payload_hash) {
        const context = { field: "Idempotency-Key", salonId, messageId: message.id };
        throw new AppError("conflict", "This Idempotency-Key was used for another message; use a new one.", {
          context,
        });
      }
      if (created && wake) await publishWakeUp(message);
      return { created, message };
    },
  };

  /** The message is safe by now: should this fail, `due_at` brings it back. */
  async function publishWakeUp(message: OutboundMessage): Promise<void> {
    const topic = outboundTopic(message.critical);
    try {
      await publisher.publish(topic, message.id, { message_id: message.id });
    } catch (error) {
      logger.warn("wake-up not published, due work will find it", { messageId: message.id, topic, error });
    }
  }
}
