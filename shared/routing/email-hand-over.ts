import { backoffSeconds } from "#shared/core/backoff.ts";
import { AppError } from "#shared/core/errors.ts";
import { sha256Hex } from "#shared/core/ids.ts";
import { afterFailure, type Next } from "#shared/messages/after-failure.ts";
import { recentAttempts } from "#shared/messages/attempts.ts";
import type { Failure, OutboundMessage } from "#shared/messages/message.ts";
import type { Mailer } from "#shared/runtime/mailer.ts";
import type { HandOverDeps } from "./hand-over.ts";
import type { Route } from "./route.ts";

export interface EmailHandOverDeps
  extends Pick<HandOverDeps, "messages" | "clock" | "logger" | "random" | "leaseSeconds"> {
  /** Undefined where the deployment has no mail server. */
  readonly mailer: Mailer | undefined;
}

const NO_MAIL: Failure = {
  class: "sender",
  twilio_code: null,
  reason: "There is no mail server to send it by.",
};
const MAIL_AWAY: Failure = {
  class: "transient",
  twilio_code: null,
  reason: "The mail server did not answer.",
};
const NOT_TAKEN: Failure = {
  class: "recipient",
  twilio_code: null,
  reason: "The mail server did not take the e-mail that was to replace the message.",
};

/**
 * Sends a critical message as an e-mail. Its Message-ID comes from the message, so that a mail which has to be sent again
 * after a crash is the same mail, which mail servers and people can tell.
 */
export function createEmailHandOver({
  messages,
  mailer,
  clock,
  logger,
  random,
  leaseSeconds,
}: EmailHandOverDeps): (
  message: OutboundMessage,
  way: Extract<Route, { kind: "email" }>,
) => Promise<OutboundMessage | undefined> {
  return async (message, { to, subject }) => {
    if (mailer === undefined) return messages.fail(message.id, message.failure ?? NO_MAIL);
    const from = mailer.from;
    const attempt = {
      source: "email",
      channel: "email",
      account: sha256Hex("email", from).slice(0, 32),
    } as const;
    const rest = { sender: from, content_sid: null, segments: message.segments };
    const claimed = await messages.claim(message.id, { ...attempt, ...rest }, leaseSeconds);
    if (claimed === undefined) return undefined;
    const number = claimed.attempts.length;
    const fields = { salonId: message.salon_id, messageId: message.id, attempt: number, source: "email" };
    try {
      const { id, body: text, accepted_at: date } = message;
      const { messageId } = await mailer.send({ key: `message-${id}`, to, subject, text, date });
      const result = await messages.report(id, number, { sid: messageId, state: "sent" });
      logger.info("message sent as an e-mail", { ...fields, outcome: result.outcome });
      return "message" in result ? result.message : undefined;
    } catch (error) {
      const next = afterMail(error, claimed);
      logger.warn("message not taken by the mail server", { ...fields, outcome: next.kind, error });
      return messages.judge(message.id, number, { kind: "over", state: "rejected", errorCode: null, next });
    }
  };

  function afterMail(error: unknown, message: OutboundMessage): Next {
    if (error instanceof AppError && !error.retry) return { kind: "fail", failure: NOT_TAKEN };
    const attempt = message.attempts.at(-1);
    if (attempt === undefined) return { kind: "fail", failure: NOT_TAKEN };
    const wait = backoffSeconds(recentAttempts(message).length, random);
    return afterFailure(message, { attempt, failure: MAIL_AWAY, how: "not_processed", wait }, clock.now());
  }
}
