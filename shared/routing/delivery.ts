import type { Contacts } from "#shared/contacts/contacts.ts";
import { mayReceive } from "#shared/contacts/decisions.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { Failure, OutboundMessage } from "#shared/messages/message.ts";
import { readiness } from "#shared/messages/transitions.ts";
import type { Slots } from "#shared/pacing/slots.ts";
import type { IntegrationChanges } from "#shared/salons/integration-changes.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { createEmailHandOver, type EmailHandOverDeps } from "./email-hand-over.ts";
import { createHandOver, type HandOverDeps } from "./hand-over.ts";
import { type Route, route } from "./route.ts";
import { createSettlement, type SettlementDeps } from "./settlement.ts";

export interface DeliveryDeps extends SettlementDeps, HandOverDeps, EmailHandOverDeps {
  readonly salons: Salons;
  readonly contacts: Pick<Contacts, "get" | "optOut">;
  readonly slots: Slots;
  /** Asks for platform messaging for a salon that nobody has asked for yet; the first message does. */
  readonly requestPlatform: IntegrationChanges["requestPlatform"];
}

export interface Delivery {
  /** Does what there is to do about a message now, and gives it back as it is then; undefined if there is none. */
  deliver(id: OutboundMessage["id"]): Promise<OutboundMessage | undefined>;
}

const OPTED_OUT: Failure = {
  class: "opted_out",
  twilio_code: null,
  reason: "The recipient has opted out of this salon's messages.",
};
const NO_CONSENT: Failure = {
  class: "recipient",
  twilio_code: null,
  reason: "The recipient has not agreed to marketing messages; record the consent first.",
};
type Held = Extract<Route, { kind: "hold" }>;
/** Messages that wait for the same hour do not all go in its first second. */
const SPREAD_SECONDS = 300;

/**
 * Brings one message one step further: at most one message at Twilio per attempt, as far as Twilio lets us know. The
 * attempt is written before Twilio is called, and its number is in the callback address.
 */
export function createDelivery(deps: DeliveryDeps): Delivery {
  const { messages, integrations, clock, logger } = deps;
  const settle = createSettlement(deps);
  const handOver = createHandOver({ ...deps, chooseRoute });
  const handOverByEmail = createEmailHandOver(deps);

  return {
    async deliver(id) {
      const message = await messages.get(id);
      if (message === undefined) return undefined;
      return (await takeStep(message)) ?? messages.get(id);
    },
  };

  /** The message after the step; undefined when there was none to take, or another worker took it. */
  async function takeStep(message: OutboundMessage): Promise<OutboundMessage | undefined> {
    switch (readiness(message, clock.now())) {
      case "wait":
        return undefined;
      case "expire":
        return messages.expire(message.id);
      case "settle":
        return settle(message);
      case "send":
        return send(message).catch((error: unknown) => giveUp(message, error));
    }
  }

  /**
   * What trying again cannot help, such as a salon that has closed, ends the message where a person sees it: set aside
   * as an event, it would come back with every tick. While an attempt is open this changes nothing.
   */
  async function giveUp({ id, salon_id: salonId }: OutboundMessage, error: unknown) {
    if (!(error instanceof AppError) || error.retry) throw error;
    logger.error("message cannot be sent", { salonId, messageId: id, error });
    return messages.fail(id, { class: "account", twilio_code: null, reason: error.message });
  }

  async function send(message: OutboundMessage): Promise<OutboundMessage | undefined> {
    const { id, salon_id: salonId, party } = message;
    const contact = await deps.contacts.get(salonId, party);
    const allowed = mayReceive(contact, message);
    if (!allowed.ok) return messages.fail(id, allowed.reason === "opted_out" ? OPTED_OUT : NO_CONSENT);

    const way = await chooseRoute(message);
    switch (way.kind) {
      case "fail":
        return messages.fail(id, way.failure);
      case "fallback":
        return messages.fallBack(id, way.failure);
      case "hold":
        return hold(message, way);
      case "email":
        return handOverByEmail(message, way);
      case "default_sender":
      case "send":
        return handOver(message, way, contact);
    }
  }

  async function hold(message: OutboundMessage, way: Held) {
    if (way.request) await deps.requestPlatform(message.salon_id, "first-message");
    return messages.hold(message.id, way.reason, await heldUntil(message, way));
  }

  /** What would come too late comes when it expires, and ends then. */
  async function heldUntil(message: OutboundMessage, { reason, until }: Held): Promise<Date> {
    const { salon_id: salonId, channel, segments: size, expires_at: before } = message;
    if (until >= before) return before;
    if (reason === "provisioning") return until;
    if (message.paced) {
      const mayGoAt = (at: Date) => (at < until ? until : at);
      const [place] = await deps.slots.reserve({ salonId, channel, wishes: [{ size, mayGoAt, before }] });
      return place ?? before;
    }
    const spread = plusSeconds(until, deps.random() * SPREAD_SECONDS);
    return spread < before ? spread : until;
  }

  /** A cached integration may lag by seconds; before it makes a message wait or fail, the document is read again. */
  async function chooseRoute(message: OutboundMessage, { fresh = false } = {}): Promise<Route> {
    const salon = await deps.salons.open(message.salon_id);
    const chosen = async (options: { fresh: boolean }) =>
      route({
        salon,
        message,
        integration: await integrations.get(message.salon_id, options),
        now: clock.now(),
      });
    const way = await chosen({ fresh });
    return fresh || way.kind === "send" ? way : chosen({ fresh: true });
  }
}
