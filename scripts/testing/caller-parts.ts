import { createSendBookingLink } from "#functions/receive-call/booking-link.ts";
import { createContacts } from "#shared/contacts/contacts.ts";
import { type AcceptanceDeps, createAcceptance } from "#shared/messages/acceptance.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import type { Database } from "#shared/runtime/database.ts";

interface Parts extends Omit<AcceptanceDeps, "messages"> {
  readonly database: Database;
}

/** What `receive-call` needs to know a caller and to write to them. */
export function callerParts(parts: Parts) {
  const { database, clock } = parts;
  const contacts = createContacts(database);
  const acceptance = createAcceptance({ ...parts, messages: createOutboundMessages(database, clock) });
  return { contacts, sendBookingLink: createSendBookingLink({ ...parts, acceptance, contacts }) };
}
