import { isWhatsApp, type Message, type Messages } from "../world/message.ts";

const WINDOW_MS = 24 * 3_600_000;

/** Free text over WhatsApp to a customer who has not written to this sender for a day; a template may always go. */
export function isOutsideWindow(messages: Messages, message: Message): boolean {
  if (!isWhatsApp(message.to) || message.contentSid !== null) return false;
  const opened = message.dateCreated.getTime() - WINDOW_MS;
  for (const earlier of messages.ofAccount(message.accountSid)) {
    if (earlier.dateCreated.getTime() < opened) break;
    const fromCustomer =
      earlier.direction === "inbound" && earlier.from === message.to && earlier.to === message.from;
    if (fromCustomer) return false;
  }
  return true;
}
