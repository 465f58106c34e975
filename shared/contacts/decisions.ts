import { plusSeconds } from "#shared/core/clock.ts";
import type { Choice, Consent, Contact, ContactChannel } from "./contact.ts";

const WINDOW_SECONDS = 24 * 3_600;

/** Whether WhatsApp takes a free text: within 24 hours of the customer's last message there. */
export function isWindowOpen({ last_whatsapp_inbound_at }: Contact, now: Date): boolean {
  return last_whatsapp_inbound_at !== null && now < plusSeconds(last_whatsapp_inbound_at, WINDOW_SECONDS);
}

export type Permission =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: "opted_out" | "no_consent" };

/**
 * Whether a message may go to a customer. Nothing goes to somebody who has opted out, whatever its purpose, not even a
 * confirmation: Twilio sends its own. Marketing needs consent.
 */
export function mayReceive(
  { opt_out, consent }: Contact,
  { category }: { readonly category: "transactional" | "marketing" },
): Permission {
  if (opt_out !== null) return { ok: false, reason: "opted_out" };
  if (category === "marketing" && consent?.marketing.state !== "granted") {
    return { ok: false, reason: "no_consent" };
  }
  return { ok: true };
}

export interface Wrote {
  readonly channel: ContactChannel;
  readonly at: Date;
  /** What the text itself tells of the customer's language, if it does. */
  readonly language?: Contact["language"] | undefined;
}

/** The contact after a message of theirs, which may be an older one that was found late. */
export function afterInbound(contact: Contact, { channel, at, language }: Wrote): Contact {
  const { first_inbound_at, last_inbound_at, last_whatsapp_inbound_at, last_channel } = contact;
  const isLast = last_inbound_at === null || at >= last_inbound_at;
  return {
    ...contact,
    first_inbound_at: first_inbound_at !== null && first_inbound_at < at ? first_inbound_at : at,
    last_inbound_at: latest(last_inbound_at, at),
    last_whatsapp_inbound_at:
      channel === "whatsapp" ? latest(last_whatsapp_inbound_at, at) : last_whatsapp_inbound_at,
    last_channel: isLast ? channel : last_channel,
    language: (isLast ? language : null) ?? contact.language,
    updated_at: latest(contact.updated_at, at),
  };
}

/** The contact after a STOP; the same object when it is older than what they chose last. */
export function afterOptOut(contact: Contact, choice: Choice): Contact {
  const { choice_at, opt_out, updated_at } = contact;
  const changes = opt_out !== null ? isAfter(choice.at, choice_at) : !isAfter(choice_at, choice.at);
  if (!changes) return contact;
  return {
    ...contact,
    opt_out: opt_out === null || (isByCustomer(choice) && !isByCustomer(opt_out)) ? choice : opt_out,
    opt_in: null,
    choice_at: choice.at,
    updated_at: latest(updated_at, choice.at),
  };
}

/** Whether a choice may end the opt-out that stands: nobody undoes a STOP for the customer who wrote it. */
export function mayOptIn({ opt_out }: Contact, choice: Choice): boolean {
  return opt_out === null || !isByCustomer(opt_out) || isByCustomer(choice);
}

/** The contact after a START; the same object when it is not newer than what they chose last. */
export function afterOptIn(contact: Contact, choice: Choice): Contact {
  if (!isAfter(choice.at, contact.choice_at)) return contact;
  return {
    ...contact,
    opt_out: null,
    opt_in: choice,
    choice_at: choice.at,
    updated_at: latest(contact.updated_at, choice.at),
  };
}

/** The contact after a word on marketing: the newest stands, and of two at one moment the revocation. */
export function afterConsent(contact: Contact, marketing: Consent): Contact {
  const known = contact.consent?.marketing;
  const stands =
    known !== undefined &&
    (isAfter(known.at, marketing.at) ||
      (!isAfter(marketing.at, known.at) && (known.state === "revoked" || marketing.state === "granted")));
  if (stands) return contact;
  return { ...contact, consent: { marketing }, updated_at: latest(contact.updated_at, marketing.at) };
}

function isByCustomer({ by }: Choice): boolean {
  return by === "keyword";
}

/** Whether the first is later than the second; anything is later than never. */
export function isAfter(first: Date | null, second: Date | null): boolean {
  return first !== null && (second === null || first > second);
}

/** The later of both. */
export function latest(known: Date | null, at: Date): Date {
  return known !== null && known > at ? known : at;
}
