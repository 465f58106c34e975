import type { Contact } from "#shared/contacts/contact.ts";
import { isWindowOpen } from "#shared/contacts/decisions.ts";
import { AppError } from "#shared/core/errors.ts";
import type { Failure, OutboundMessage, TemplateUse, TextChannel } from "#shared/messages/message.ts";
import { variablesFor } from "#shared/templates/registry.ts";
import type { MessageContent } from "#shared/twilio/messages.ts";
import { ownWords } from "./twilio-message.ts";

/** The template that WhatsApp has approved for an account, if it has. */
export type ApprovedContent = (
  account: string,
  template: Pick<TemplateUse, "name" | "language">,
) => Promise<{ readonly contentSid: string } | undefined>;

export interface ContentInput {
  readonly channel: TextChannel;
  /** Fingerprint of the account that is to send it. */
  readonly account: string;
  readonly contact: Contact;
  readonly approvedContent: ApprovedContent;
  readonly now: Date;
}

export type ChosenContent =
  | { readonly content: MessageContent; readonly contentSid: string | null }
  | { readonly failure: Failure };

/**
 * What to say: by SMS the text itself. By WhatsApp an approved template at any time, and anything within 24 hours of the
 * customer's last message.
 */
export async function chooseContent(message: OutboundMessage, input: ContentInput): Promise<ChosenContent> {
  const words = { content: ownWords(message), contentSid: null };
  if (input.channel === "sms") return words;
  const { template } = message;
  if (template !== null) {
    const approved = await input.approvedContent(input.account, template);
    if (approved !== undefined) {
      const { contentSid } = approved;
      const contentVariables = orUndefined(() => variablesFor(template));
      // The registry has changed since the message was accepted.
      if (contentVariables === undefined) return { failure: CHANGED };
      return { content: { contentSid, contentVariables }, contentSid };
    }
  }
  if (isWindowOpen(input.contact, input.now)) return words;
  return { failure: template === null ? WINDOW_CLOSED : NOT_APPROVED };
}

function orUndefined<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch (error) {
    if (error instanceof AppError && !error.retry) return undefined;
    throw error;
  }
}

const CHANGED: Failure = {
  class: "template",
  twilio_code: null,
  reason: "The template has changed since the message was accepted; send it again as it is now.",
};
const WINDOW_CLOSED: Failure = {
  class: "window",
  twilio_code: null,
  reason:
    "The customer has not written by WhatsApp in the last 24 hours, so only an approved template may be sent.",
};
const NOT_APPROVED: Failure = {
  class: "template",
  twilio_code: null,
  reason: "WhatsApp has not approved this template for the salon's account yet.",
};
