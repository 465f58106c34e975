import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError, orRefusal } from "#shared/core/errors.ts";
import type { MessageId, SalonId } from "#shared/core/ids.ts";
import type { PartyOf } from "#shared/core/phone.ts";
import { WANTED_SECONDS } from "#shared/core/wanted-span.ts";
import type { Slots } from "#shared/pacing/slots.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { type Accepted, acceptedBefore, idOf, sameAsked } from "./accepted.ts";
import { composed, type SendRequest } from "./compose.ts";
import { mayGoAt } from "./may-go.ts";
import { type OutboundMessage, TextChannel } from "./message.ts";
import type { OutboundMessages } from "./outbound-store.ts";

export interface BulkAcceptance {
  /**
   * Stores many messages of one salon, each on its own: what is refused gives its error and stops no other. Each has its
   * place at the sender's rate, within the salon's hours; none wakes anybody, since `wake-due-work` finds what is due.
   */
  accept(salonId: SalonId, requests: readonly SendRequest[]): Promise<(Accepted | AppError)[]>;
}

export interface BulkAcceptanceDeps {
  readonly salons: Salons;
  readonly messages: Pick<OutboundMessages, "getAll" | "createAll">;
  readonly slots: Slots;
  readonly partyOf: PartyOf;
  readonly clock: Clock;
}

/** A message that is asked for and composed, or why it is refused. */
interface Asked {
  readonly request: SendRequest;
  readonly id: MessageId;
  readonly composed: OutboundMessage | AppError;
}
type Composed = Asked & { readonly composed: OutboundMessage };

export function createBulkAcceptance(deps: BulkAcceptanceDeps): BulkAcceptance {
  const { salons, messages, slots, partyOf, clock } = deps;
  return {
    async accept(salonId, requests) {
      const salon = await salons.openForMessages(salonId);
      const now = clock.now();
      const asked = requests.map((request): Asked => {
        const message = orRefusal(() => composed(request, { salon, partyOf, now }));
        return { request, id: idOf(request), composed: message };
      });
      const known = byId(await messages.getAll([...new Set(asked.map(({ id }) => id))]));
      // Of several under one key the first one counts, as it would if they came one after the other.
      const fresh = firstOfEach(asked.filter(isComposed).filter(({ id }) => !known.has(id)));
      const stored = await messages.createAll(await placed(salonId, salon, fresh));
      const accepted = new Map(stored.map((each) => [each.message.id, each]));
      return asked.map(({ request, id, composed: message }) =>
        orRefusal(() => {
          if (message instanceof AppError) return acceptedBefore(request, message, known.get(id));
          const before = known.get(id);
          const answer = before === undefined ? accepted.get(id) : { created: false, message: before };
          if (answer === undefined) throw noPlace(message);
          return sameAsked(request, answer);
        }),
      );
    },
  };

  /** With their places; without those that find none in their time. SMS and WhatsApp go by senders of their own. */
  async function placed(
    salonId: SalonId,
    salon: Salon,
    fresh: readonly Composed[],
  ): Promise<OutboundMessage[]> {
    const byChannel = TextChannel.options.map(async (channel) => {
      const wanted = fresh.filter(({ composed: message }) => message.channel === channel);
      const wishes = wanted.map(({ composed: message, request }) => ({
        size: message.segments,
        mayGoAt: (at: Date) => mayGoAt(salon, message, later(at, message.send_at ?? at)).at,
        before: request.expiresAt,
      }));
      const places = await slots.reserve({ salonId, channel, wishes });
      return wanted.flatMap(({ composed: message, request }, index) => {
        const place = places[index];
        return place === undefined ? [] : [paced(message, place, request.expiresAt)];
      });
    });
    return (await Promise.all(byChannel)).flat();
  }
}

/** Nobody who left its expiry to us loses a message because the campaign is long. */
function paced(message: OutboundMessage, place: Date, expiresAt: Date | undefined): OutboundMessage {
  const waits = message.send_at === null ? ({ state: "held", hold_reason: "paced" } as const) : {};
  const expires_at = expiresAt ?? later(message.expires_at, plusSeconds(place, WANTED_SECONDS));
  return { ...message, ...waits, paced: true, due_at: place, expires_at };
}

function noPlace({ salon_id: salonId, id: messageId }: OutboundMessage): AppError {
  const message =
    "expires_at: the salon's sender is taken by campaigns until after that; send a later one, or fewer messages.";
  return new AppError("failed-precondition", message, {
    context: { field: "expires_at", salonId, messageId },
  });
}

function isComposed(asked: Asked): asked is Composed {
  return !(asked.composed instanceof AppError);
}

function byId(messages: readonly OutboundMessage[]): Map<MessageId, OutboundMessage> {
  return new Map(messages.map((message) => [message.id, message]));
}

function firstOfEach(asked: readonly Composed[]): Composed[] {
  return [...new Map(asked.toReversed().map((each) => [each.id, each])).values()].toReversed();
}

function later(one: Date, other: Date): Date {
  return one > other ? one : other;
}
