import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError, toAppError } from "#shared/core/errors.ts";
import { type MessageId, messageIdOf, type SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { E164, type PartyOf, withoutChannelPrefix } from "#shared/core/phone.ts";
import type { Publisher } from "#shared/runtime/publisher.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Acceptance } from "./acceptance.ts";
import { inboundEntry } from "./billing.ts";
import { inboundEvent } from "./events.ts";
import type { InboundDetails } from "./inbound-details.ts";
import type { InboundMessages, Recorded } from "./inbound-store.ts";
import type { InboundMessage } from "./message.ts";

/** A customer's message as Twilio told of it, by a webhook or in its list. */
export interface Arrival {
  readonly salonId: SalonId;
  readonly salon: Salon;
  /** Fingerprint of the account it came to. */
  readonly account: string;
  readonly billedTo: "platform" | "own_account";
  readonly sid: string;
  /** As Twilio writes them, `whatsapp:` and all. */
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly segments: number;
  readonly media: readonly { readonly url: string; readonly contentType: string }[];
  /** What only a webhook tells. */
  readonly details?: InboundDetails;
  /** Whether it came to a number of the platform's that salons share. */
  readonly isShared: boolean;
  readonly receivedAt: Date;
}

export interface InboundIntake {
  /**
   * Stores a message once, publishes it and answers what is answered by itself, in this order. Repeated, it goes on
   * where it ended. Undefined when it was written to what is no phone number, so that it can be nobody's.
   */
  take(arrival: Arrival): Promise<Recorded | undefined>;
  /** Goes on with messages whose publishing failed through all of Twilio's repetitions; gives how many it ended. */
  takeAgain(): Promise<number>;
}

export interface IntakeDeps {
  readonly inbound: InboundMessages;
  readonly publisher: Publisher;
  readonly acceptance: Acceptance;
  readonly partyOf: PartyOf;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An answer that comes later than this is stranger than none. */
const ANSWERS_WITHIN_SECONDS = 3_600;
/** Longer than Twilio repeats a webhook: 15 s an address. */
const TAKE_AGAIN_SECONDS = 120;
const MOST_AGAIN = 200;

/** What becomes of a customer's message, however we learn of it. */
export function createInboundIntake(deps: IntakeDeps): InboundIntake {
  const { inbound, publisher, acceptance, partyOf, clock, logger } = deps;

  return {
    async take(arrival) {
      const recorded = await store(arrival);
      if (recorded?.message.take_again_at !== undefined) await complete(recorded.message);
      return recorded;
    },

    async takeAgain() {
      let ended = 0;
      for (const message of await inbound.unfinished(clock.now(), MOST_AGAIN)) {
        if (message instanceof AppError) {
          logger.error("customer's message cannot be read", { error: message });
          continue;
        }
        try {
          await complete(message);
          ended += 1;
        } catch (error) {
          logger.error("customer's message not published yet", { ...idsOf(message), error });
        }
      }
      return ended;
    },
  };

  async function store(arrival: Arrival): Promise<Recorded | undefined> {
    const { salonId, salon, sid, receivedAt, isShared } = arrival;
    const to = E164.safeParse(withoutChannelPrefix(arrival.to)).data;
    if (to === undefined) return undefined;
    const now = clock.now();
    const from = withoutChannelPrefix(arrival.from);
    const message: InboundMessage = {
      direction: "inbound",
      id: inboundMessageId(salonId, sid),
      salon_id: salonId,
      twilio_sid: sid,
      account: arrival.account,
      channel: arrival.to.startsWith("whatsapp:") ? "whatsapp" : "sms",
      from,
      to,
      party: partyOf(from),
      body: arrival.body,
      media: arrival.media.map(({ url, contentType }) => ({ url, content_type: contentType })),
      segments: Math.max(1, arrival.segments),
      details: arrival.details ?? {},
      language: null,
      answer: null,
      received_at: receivedAt,
      take_again_at: plusSeconds(now, TAKE_AGAIN_SECONDS),
    };
    const { segments } = message;
    const entry = inboundEntry(message, {
      segments,
      timeZone: salon.time_zone,
      billedTo: arrival.billedTo,
    });
    // A row counts for the day the message came, and is found by when it was written.
    const recorded = { ...entry, row: { ...entry.row, recorded_at: now } };
    const mayAnswer =
      // It would come from another number than the one that was written to.
      !isShared &&
      // A short code or a name can write to a salon, but nobody can answer it.
      E164.safeParse(from).success &&
      now < endOfAnswers(message);
    const sharedNumberId = isShared ? partyOf(to) : undefined;
    return inbound.record(message, recorded, { salon, mayAnswer, sharedNumberId });
  }

  /** At least once: who consumes it deduplicates by `event_id`. */
  async function complete(message: InboundMessage): Promise<void> {
    await publisher.publish("inbound-messages", message.twilio_sid, inboundEvent(message));
    await answer(message);
    await inbound.finish(message.id);
  }

  async function answer(message: InboundMessage): Promise<void> {
    const to = E164.safeParse(message.from).data;
    if (message.answer === null || to === undefined || clock.now() >= endOfAnswers(message)) return;
    const { kind, body } = message.answer;
    try {
      await acceptance.accept({
        salonId: message.salon_id,
        idempotencyKey: `${kind}:${message.twilio_sid}`,
        channel: message.channel,
        to,
        body,
        purpose: kind === "greet" ? "greeting" : "reply",
        expiresAt: endOfAnswers(message),
      });
    } catch (thrown) {
      const error = toAppError(thrown);
      // Such as a salon that has closed meanwhile: no repetition helps, and the message itself is safe.
      if (error.retry) throw thrown;
      logger.warn("customer's message not answered", { ...idsOf(message), error });
    }
  }
}

/** The id under which a customer's message stands. */
export function inboundMessageId(salonId: SalonId, twilioSid: string): MessageId {
  return messageIdOf(salonId, `inbound:${twilioSid}`);
}

function endOfAnswers({ received_at }: InboundMessage): Date {
  return plusSeconds(received_at, ANSWERS_WITHIN_SECONDS);
}

function idsOf({ salon_id, id }: InboundMessage) {
  return { salonId: salon_id, messageId: id };
}
