import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { PartyOf } from "#shared/core/phone.ts";
import { outboundTopic, type Publisher } from "#shared/runtime/publisher.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { composed, type SendRequest } from "./compose.ts";
import type { OutboundMessage } from "./message.ts";
import type { OutboundMessages } from "./outbound-store.ts";

export type { SendRequest } from "./compose.ts";

export interface AcceptOptions {
  /** False for who delivers the message itself, right away. */
  readonly wake?: boolean;
}

export interface Accepted {
  readonly created: boolean;
  readonly message: OutboundMessage;
}

export interface Acceptance {
  /** Stores a message to be sent, once per idempotency key, and wakes `deliver-message`. */
  accept(request: SendRequest, options?: AcceptOptions): Promise<Accepted>;
  /**
   * Many of one salon, each on its own: what is refused gives its error and stops no other. `slots`: when each may go,
   * in the same order; none of them wakes anybody, since `wake-due-work` finds what is due.
   */
  acceptAll(
    salonId: SalonId,
    requests: readonly SendRequest[],
    slots: (messages: readonly OutboundMessage[]) => Promise<readonly Date[]>,
  ): Promise<(Accepted | AppError)[]>;
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
      const asked = composed(request, { salon, partyOf, now });
      const due = { due_at: asked.due_at ?? plusSeconds(now, WAKE_SECONDS) };
      const accepted = sameAsked(asked, await messages.create({ ...asked, ...due }));
      if (accepted.created && wake && asked.state === "accepted") await publishWakeUp(accepted.message);
      return accepted;
    },
    async acceptAll(salonId, requests, slots) {
      const salon = await salons.openForMessages(salonId);
      const now = clock.now();
      const asked = requests.map((request) => orRefusal(() => composed(request, { salon, partyOf, now })));
      // Of several under one key the first one counts, as it would if they came one after the other.
      const sendable = firstOfEach(asked.flatMap((each) => (each instanceof AppError ? [] : [each])));
      const places = await slots(sendable);
      const stored = await messages.createAll(
        sendable.map((each, index) => paced(each, places[index] ?? now)),
      );
      const byId = new Map(stored.map((each) => [each.message.id, each]));
      return asked.map((each) => {
        if (each instanceof AppError) return each;
        const answer = byId.get(each.id);
        if (answer === undefined) throw new AppError("internal", "A message of this call was not stored.");
        return orRefusal(() => sameAsked(each, answer));
      });
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

/** A place in the campaign: later than the time that its sender asked for, if need be. */
function paced(message: OutboundMessage, slot: Date): OutboundMessage {
  if (message.send_at !== null && message.send_at >= slot) return { ...message, due_at: message.send_at };
  return { ...message, state: "held", hold_reason: "paced", due_at: slot };
}

/** A repeated request finds its message; another one under the same key is refused. */
function sameAsked(asked: OutboundMessage, accepted: Accepted): Accepted {
  if (accepted.message.payload_hash === asked.payload_hash) return accepted;
  const context = { field: "Idempotency-Key", salonId: asked.salon_id, messageId: asked.id };
  throw new AppError("conflict", "This Idempotency-Key was used for another message; use a new one.", {
    context,
  });
}

function orRefusal<T>(make: () => T): T | AppError {
  try {
    return make();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

function firstOfEach(messages: readonly OutboundMessage[]): OutboundMessage[] {
  return [...new Map(messages.toReversed().map((each) => [each.id, each])).values()].toReversed();
}
