import { afterAnswer, mayBeAnswered, opensConversation } from "#shared/contacts/answers.ts";
import type { Contact } from "#shared/contacts/contact.ts";
import { isAnsweredByTwilio, keywordOf } from "#shared/contacts/keywords.ts";
import { openingAfter } from "#shared/salons/hours.ts";
import type { Salon } from "#shared/salons/salon.ts";
import { closedText, greetingText, helpText, welcomeBackText } from "./answer-texts.ts";
import { MAX_BODY_CHARACTERS } from "./compose.ts";
import type { InboundMessage } from "./message.ts";

export interface Answering {
  readonly message: InboundMessage;
  readonly salon: Salon;
  /** The contact before the message, and after it. */
  readonly before: Contact;
  readonly after: Contact;
  readonly choice: "stop" | "start" | undefined;
}

type Answer = InboundMessage["answer"];

/**
 * What answers a customer's message by itself, and the contact that remembers it; null when nothing does.
 * - Nobody who has opted out is answered, so STOP is confirmed by Twilio or by nobody.
 * - What Twilio answers is left to it: whatever it names in `OptOutType`, and its own English words by SMS. By
 *   WhatsApp, and to words in Hindi and Telugu, it says nothing unless told to.
 * - The first message in 30 days is greeted. While the salon is closed, the first message of that closed period is
 *   told when it opens; if it is greeted too, one answer says both.
 */
export function answerTo(answering: Answering): { readonly answer: Answer; readonly contact: Contact } {
  const { message, before, after, salon } = answering;
  const { body, channel, details, received_at: at } = message;
  const none = { answer: null, contact: after };
  if (after.opt_out !== null || !isOn(salon, channel) || !mayBeAnswered(before, at)) return none;
  if (details.opt_out_type !== undefined || isAnsweredByTwilio(body, channel)) return none;
  const { answer, closedUntil = null } = wordsFor(answering);
  return answer === null ? none : { answer, contact: afterAnswer(after, at, closedUntil) };
}

function wordsFor({ message, salon, before, choice }: Answering): {
  answer: Answer;
  closedUntil?: Date | null;
} {
  const { body, received_at: at } = message;
  const language = message.language ?? salon.communication.default_language;
  if (keywordOf(body) === "help") return { answer: { kind: "help", body: helpText(salon, language) } };
  if (choice === "start" && before.opt_out !== null)
    return { answer: { kind: "start", body: welcomeBackText(salon, language) } };

  const greeting = opensConversation(before, at) ? greetingText(salon, language) : undefined;
  const closedUntil = newlyClosedUntil(salon, message, before);
  const closed = closedUntil === null ? undefined : closedText(salon, closedUntil, language);
  const said = [greeting, closed].filter((text) => text !== undefined);
  if (said.length === 0) return { answer: null };
  const kind = greeting === undefined ? "hours" : "greet";
  return { answer: { kind, body: said.join("\n\n").slice(0, MAX_BODY_CHARACTERS) }, closedUntil };
}

/** When the salon opens again, unless it is open or the customer knows it. */
function newlyClosedUntil(salon: Salon, { channel, received_at: at }: InboundMessage, before: Contact) {
  if (channel === "whatsapp" && !salon.communication.whatsapp_business_hours_only) return null;
  const opensAt = openingAfter(salon, at);
  const isKnown = before.told_closed_until !== null && at < before.told_closed_until;
  return opensAt <= at || isKnown ? null : opensAt;
}

function isOn({ communication }: Salon, channel: InboundMessage["channel"]): boolean {
  return channel === "sms" ? communication.sms_enabled : communication.whatsapp_enabled;
}
