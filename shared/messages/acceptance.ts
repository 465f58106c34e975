import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError, orRefusal } from "#shared/core/errors.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { PartyOf } from "#shared/core/phone.ts";
import { outboundTopic, type Publisher } from "#shared/runtime/publisher.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { type Accepted, acceptedBefore, idOf, sameAsked } from "./accepted.ts";
import { composed, type SendRequest } from "./compose.ts";
import type { OutboundMessage } from "./message.ts";
import type { OutboundMessages } from "./outbound-store.ts";

export type { Accepted } from "./accepted.ts";
export type { SendRequest } from "./compose.ts";

export interface AcceptOptions {
  /** False for who delivers the message itself, right away. */
  readonly wake?: boolean;
}

export interface Acceptance {
  /** Stores a message to be sent, once per idempotency key, and wakes `deliver-message`. */
  accept(request: SendRequest, options?: AcceptOptions): Promise<Accepted>;
  /** The message as it would be stored, and nothing is. */
  preview(request: SendRequest): Promise<OutboundMessage>;
}

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
    async accept(request, { wake = true } = {}) {
      const salon = await salons.openForMessages(request.salonId);
      const now = clock.now();
      const asked = orRefusal(() => composed(request, { salon, partyOf, now }));
      if (asked instanceof AppError) return acceptedBefore(request, asked, await messages.get(idOf(request)));
      const due = { due_at: asked.due_at ?? plusSeconds(now, WAKE_SECONDS) };
      const accepted = sameAsked(request, await messages.create({ ...asked, ...due }));
      if (accepted.created && wake && asked.state === "accepted") await publishWakeUp(accepted.message);
      return accepted;
    },
    async preview(request) {
      const salon = await salons.open(request.salonId);
      return composed(request, { salon, partyOf, now: clock.now() });
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
