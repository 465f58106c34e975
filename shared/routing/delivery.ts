import { plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { accountFingerprint, type MessageId } from "#shared/core/ids.ts";
import type { Announcer } from "#shared/messages/announcer.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import { isFinal } from "#shared/messages/state.ts";
import { type Report, readiness } from "#shared/messages/transitions.ts";
import type { IntegrationChanges } from "#shared/salons/integration-changes.ts";
import type { Salons } from "#shared/salons/salons.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { isCredentialFailure, type OpenedCredentials, openCredentials } from "./credentials.ts";
import { type Route, route } from "./route.ts";
import { createSettlement, type SettlementDeps } from "./settlement.ts";
import { messageParameters, reportOf } from "./twilio-message.ts";
import { verdictOn } from "./verdict.ts";

export interface DeliveryDeps extends SettlementDeps {
  readonly salons: Salons;
  readonly urls: WebhookUrls;
  readonly announcer: Announcer;
  /** Asks for platform messaging for a salon that nobody has asked for yet; the first message does. */
  readonly requestPlatform: IntegrationChanges["requestPlatform"];
  readonly random: () => number;
  /** How long a worker may hold a message; well over the longest call to Twilio with its retries. */
  readonly leaseSeconds: number;
}

export interface Delivery {
  /** Does what there is to do about a message now, and gives it back as it is then; undefined if there is none. */
  deliver(id: MessageId): Promise<OutboundMessage | undefined>;
}

type Sending = Extract<Route, { kind: "send" }>;
/** Twilio's answer, or whatever came instead. */
type HandedOver = { readonly answer: Report } | { readonly error: unknown };

/** How long a message waits for a provisioning that nobody reports finished. */
const PROVISIONING_WAIT_SECONDS = 30;

/**
 * Brings one message one step further: at most one message at Twilio per attempt, as far as Twilio lets us know. The
 * attempt is written before Twilio is called, and its number is in the callback address.
 */
export function createDelivery(deps: DeliveryDeps): Delivery {
  const { messages, integrations, announcer, clock, logger } = deps;
  const settle = createSettlement(deps);

  return {
    async deliver(id) {
      const message = await messages.get(id);
      if (message === undefined) return undefined;
      const changed = await takeStep(message);
      if (changed === undefined) return messages.get(id);
      if (isNews(message, changed)) await tell(changed);
      return changed;
    },
  };

  /** The message after the step; undefined when there was none to take, or another worker took it. */
  async function takeStep(message: OutboundMessage): Promise<OutboundMessage | undefined> {
    switch (readiness(message, clock.now())) {
      case "wait":
        return undefined;
      case "announce":
        return message;
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
    const way = await chooseRoute(message);
    switch (way.kind) {
      case "fail":
        return messages.fail(message.id, way.failure);
      case "hold": {
        if (way.request) await deps.requestPlatform(message.salon_id, "first-message");
        const until = plusSeconds(clock.now(), PROVISIONING_WAIT_SECONDS);
        return messages.hold(message.id, way.reason, until);
      }
      case "send":
        return sendThrough(message, way);
    }
  }

  /** A cached integration may lag by seconds; before it makes a message wait or fail, the document is read again. */
  async function chooseRoute(message: OutboundMessage): Promise<Route> {
    const salon = await deps.salons.open(message.salon_id);
    const cached = route({ salon, message, integration: await integrations.get(message.salon_id) });
    if (cached.kind === "send") return cached;
    const integration = await integrations.get(message.salon_id, { fresh: true });
    return route({ salon, message, integration });
  }

  async function sendThrough(message: OutboundMessage, way: Sending): Promise<OutboundMessage | undefined> {
    const opened = await openCredentials(deps.vault, message.salon_id, way.credentials);
    const attempt = {
      source: way.source,
      sender: way.sender,
      account: accountFingerprint(opened.accountSid),
    };
    const claimed = await messages.claim(message.id, attempt, deps.leaseSeconds);
    if (claimed === undefined) return undefined;
    const number = claimed.attempts.length;
    const fields = { salonId: message.salon_id, messageId: message.id, attempt: number, source: way.source };
    const statusCallback = deps.urls.messageStatus(message.salon_id, message.id, number);
    const parameters = messageParameters(claimed, way.sender, statusCallback, clock.now());
    const handOver = async (credentials: OpenedCredentials): Promise<HandedOver> => {
      try {
        return { answer: reportOf(await deps.twilio.account(credentials).sendMessage(parameters)) };
      } catch (error) {
        return { error };
      }
    };

    let handed = await handOver(opened);
    if ("error" in handed && isCredentialFailure(handed.error)) {
      const replacement = await replacementFor(message, way, opened);
      if (replacement === "other_way") {
        logger.warn("account refused, and no longer the one to send through", fields);
        return messages.judge(message.id, number, { kind: "retry", retryAt: clock.now() });
      }
      if (replacement !== undefined) {
        logger.info("token refused, trying the one that replaces it", fields);
        handed = await handOver(replacement);
      }
    }
    if ("error" in handed) {
      const { error } = handed;
      const verdict = verdictOn(error, number, { ...deps, now: clock.now() });
      logger.warn("message not taken by Twilio", { ...fields, outcome: verdict.kind, error });
      return messages.judge(message.id, number, verdict);
    }
    const { answer } = handed;
    const result = await messages.report(message.id, number, answer);
    logger.info("message handed to Twilio", { ...fields, state: answer.state, outcome: result.outcome });
    return result.outcome === "moved" ? result.message : undefined;
  }

  /**
   * What there is to try after Twilio refused a token, which it did not act on: the integration may be from before a
   * rotation, so it is read again. Another token of the same account and sender; `other_way` when the message is no
   * longer to go through that account; undefined when there is nothing new.
   */
  async function replacementFor(
    message: OutboundMessage,
    tried: Sending,
    { accountSid, authToken }: OpenedCredentials,
  ): Promise<OpenedCredentials | "other_way" | undefined> {
    const integration = await integrations.get(message.salon_id, { fresh: true });
    const salon = await deps.salons.open(message.salon_id);
    const now = route({ salon, message, integration });
    if (now.kind !== "send" || now.source !== tried.source || now.sender !== tried.sender) return "other_way";
    for (const sealed of [now.credentials, now.spare]) {
      if (sealed === null) continue;
      const candidate = await openCredentials(deps.vault, message.salon_id, sealed);
      if (candidate.accountSid !== accountSid) return "other_way";
      if (candidate.authToken.reveal() !== authToken.reveal()) return candidate;
    }
    return undefined;
  }

  /** Publishes where the message is; an end that no callback will repeat stays due until that has worked. */
  async function tell(message: OutboundMessage): Promise<void> {
    await announcer.announce(message);
    if (isFinal(message.state) && message.due_at !== undefined) await messages.markAnnounced(message.id);
  }
}

/** Still held for the same reason, still uncertain: nobody needs to hear that again. */
function isNews(before: OutboundMessage, after: OutboundMessage): boolean {
  const isSame =
    before.state === after.state &&
    before.hold_reason === after.hold_reason &&
    before.attempts.length === after.attempts.length;
  return !isSame || isFinal(after.state);
}
