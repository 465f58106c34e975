import type { Contact } from "#shared/contacts/contact.ts";
import type { Threads } from "#shared/contacts/threads.ts";
import type { Clock } from "#shared/core/clock.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { segmentsOf } from "#shared/messages/compose.ts";
import { fallsBack } from "#shared/messages/fallback.ts";
import type { Attempt, Failure, OutboundMessage } from "#shared/messages/message.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import type { Report } from "#shared/messages/reports.ts";
import type { DefaultSenders } from "#shared/platform/default-senders.ts";
import { isCredentialFailure, type OpenedCredentials, openCredentials } from "#shared/salons/credentials.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import { classify } from "#shared/twilio/errors.ts";
import type { MessageContent } from "#shared/twilio/messages.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type ConsequencesDeps, createConsequences } from "./consequences.ts";
import { type ApprovedContent, chooseContent } from "./content.ts";
import type { Route } from "./route.ts";
import { messageParameters, reportOf } from "./twilio-message.ts";
import { verdictOn } from "./verdict.ts";

export interface HandOverDeps extends ConsequencesDeps {
  readonly messages: OutboundMessages;
  readonly vault: Vault;
  readonly twilio: Twilio;
  readonly urls: WebhookUrls;
  readonly threads: Pick<Threads, "claim" | "block">;
  readonly defaultSenders: DefaultSenders;
  readonly approvedContent: ApprovedContent;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: () => number;
  /** How long a worker may hold a message; well over the longest call to Twilio with its retries. */
  readonly leaseSeconds: number;
  readonly recheckSeconds: number;
}

type OwnWay = Extract<Route, { kind: "send" }>;
type Way = OwnWay | Extract<Route, { kind: "default_sender" }>;
/** An account that is ready to send, and from which number. */
interface Sender {
  readonly source: Attempt["source"];
  readonly channel: "sms" | "whatsapp";
  readonly sender: string;
  readonly opened: OpenedCredentials;
}
/** Twilio's answer, or whatever came instead. */
type HandedOver = { readonly answer: Report } | { readonly error: unknown };

/** Hands a message to Twilio: the attempt first, then the call, then what came of it. */
export type HandOver = (
  message: OutboundMessage,
  way: Way,
  contact: Contact,
) => Promise<OutboundMessage | undefined>;

export function createHandOver(
  deps: HandOverDeps & {
    readonly chooseRoute: (message: OutboundMessage, options: { fresh: boolean }) => Promise<Route>;
  },
): HandOver {
  const { messages, clock, logger } = deps;
  const drawConsequences = createConsequences(deps);

  return async (message, way, contact) => {
    const sender = way.kind === "send" ? await ownSender(message, way) : await defaultSender(message);
    if (sender === undefined) {
      logger.error("no platform number is free for a recipient", {
        salonId: message.salon_id,
        messageId: message.id,
      });
      return messages.fail(message.id, message.failure ?? NO_FREE_NUMBER);
    }
    const account = accountFingerprint(sender.opened.accountSid);
    const chosen = await chooseContent(message, {
      channel: sender.channel,
      account,
      contact,
      approvedContent: deps.approvedContent,
      now: clock.now(),
    });
    if ("failure" in chosen) {
      const { failure } = chosen;
      return fallsBack(message, sender.channel, failure)
        ? messages.fallBack(message.id, failure)
        : messages.fail(message.id, failure);
    }
    const { content, contentSid } = chosen;
    const claimed = await messages.claim(
      message.id,
      {
        source: sender.source,
        channel: sender.channel,
        sender: sender.sender,
        account,
        content_sid: contentSid,
        segments: segmentsOf(sender.channel, message.body),
      },
      deps.leaseSeconds,
    );
    if (claimed === undefined) return undefined;
    return callTwilio(claimed, sender, way, content);
  };

  async function callTwilio(
    message: OutboundMessage,
    sender: Sender,
    way: Way,
    content: MessageContent,
  ): Promise<OutboundMessage | undefined> {
    const attempt = message.attempts.at(-1);
    if (attempt === undefined) return undefined;
    const { number, source, channel } = attempt;
    const fields = { salonId: message.salon_id, messageId: message.id, attempt: number, source };
    const statusCallback = deps.urls.messageStatus(message.salon_id, message.id, number);
    const envelope = {
      channel,
      to: message.to,
      sender: sender.sender,
      content,
      statusCallback,
      expiresAt: message.expires_at,
    };
    const parameters = messageParameters(envelope, clock.now());
    const attemptWith = async (credentials: OpenedCredentials): Promise<HandedOver> => {
      try {
        return { answer: reportOf(await deps.twilio.account(credentials).sendMessage(parameters)) };
      } catch (error) {
        return { error };
      }
    };

    let handed = await attemptWith(sender.opened);
    if ("error" in handed && isCredentialFailure(handed.error)) {
      const replacement =
        way.kind === "send"
          ? await replacementFor(message, way, sender.opened)
          : await newParentToken(attempt.account, sender.opened);
      if (replacement === "other_way") {
        logger.warn("account refused, and no longer the one to send through", fields);
        const next = { kind: "retry", retryAt: clock.now() } as const;
        return messages.judge(message.id, number, { kind: "over", state: "rejected", errorCode: null, next });
      }
      if (replacement !== undefined) {
        logger.info("token refused, trying the one that replaces it", fields);
        handed = await attemptWith(replacement);
      }
    }
    if ("error" in handed) {
      const { error } = handed;
      const { certainty, class: failureClass, code } = classify(error);
      const { inTrouble } =
        certainty === "rejected"
          ? await drawConsequences(message, attempt, { class: failureClass, code })
          : { inTrouble: false };
      const context = { ...deps, now: clock.now(), accountIsWell: !inTrouble };
      const verdict = verdictOn(error, message, attempt, context);
      const outcome = verdict.kind === "over" ? verdict.next.kind : verdict.kind;
      logger.warn("message not taken by Twilio", { ...fields, outcome, error });
      return messages.judge(message.id, number, verdict);
    }
    const { answer } = handed;
    const result = await messages.report(message.id, number, answer);
    logger.info("message handed to Twilio", { ...fields, state: answer.state, outcome: result.outcome });
    return result.outcome === "moved" ? result.message : undefined;
  }

  async function ownSender(
    { salon_id }: OutboundMessage,
    { source, channel, sender, credentials }: OwnWay,
  ): Promise<Sender> {
    return { source, channel, sender, opened: await openCredentials(deps.vault, salon_id, credentials) };
  }

  /** One of the platform's numbers on which a reply of this recipient comes home to this salon, if any is left. */
  async function defaultSender({ salon_id: salonId, party }: OutboundMessage): Promise<Sender | undefined> {
    const senders = await deps.defaultSenders.list();
    const numbers = senders.flatMap((each) => each.numbers);
    const number = await deps.threads.claim({ salonId, party, numbers });
    const owner = senders.find((each) => number !== undefined && each.numbers.includes(number));
    if (number === undefined || owner === undefined) return undefined;
    const { accountSid, authToken } = owner;
    return { source: "platform_default", channel: "sms", sender: number, opened: { accountSid, authToken } };
  }

  /** The platform's own token may have been rotated since it was read. */
  async function newParentToken(
    account: string,
    { authToken }: OpenedCredentials,
  ): Promise<OpenedCredentials | undefined> {
    const parent = await deps.defaultSenders.credentialsOf(account, { fresh: true });
    return parent?.authToken.reveal() === authToken.reveal() ? undefined : parent;
  }

  /**
   * What there is to try after Twilio refused a token, which it did not act on: the integration may be from before a
   * rotation, so it is read again. Another token of the same account and sender; `other_way` when the message is no
   * longer to go through that account; undefined when there is nothing new.
   */
  async function replacementFor(
    message: OutboundMessage,
    tried: OwnWay,
    { accountSid, authToken }: OpenedCredentials,
  ): Promise<OpenedCredentials | "other_way" | undefined> {
    const now = await deps.chooseRoute(message, { fresh: true });
    if (now.kind !== "send" || now.source !== tried.source || now.sender !== tried.sender) return "other_way";
    for (const sealed of [now.credentials, now.spare]) {
      if (sealed === null) continue;
      const candidate = await openCredentials(deps.vault, message.salon_id, sealed);
      if (candidate.accountSid !== accountSid) return "other_way";
      if (candidate.authToken.reveal() !== authToken.reveal()) return candidate;
    }
    return undefined;
  }
}

const NO_FREE_NUMBER: Failure = {
  class: "sender",
  twilio_code: null,
  reason: "No platform number is free for this recipient, so there is no other way for the message.",
};
