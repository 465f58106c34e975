import type { DocumentReference, DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import type { Language } from "#shared/salons/communication-settings.ts";
import { type ContactChoice, keepChoice } from "./choices.ts";
import { type Choice, type Consent, Contact, unknownContact } from "./contact.ts";
import { afterConsent, afterOptIn, afterOptOut, mayOptIn } from "./decisions.ts";

/** Each may be repeated and may come late: what is older than what is known changes nothing. */
export interface Contacts {
  /** What the salon knows of a customer; of a stranger, nothing but the name. */
  get(salonId: SalonId, party: string): Promise<Contact>;
  /** Nothing goes to the customer any more, by whatever channel. Their own first STOP stands, else the first opt-out. */
  optOut(salonId: SalonId, party: string, choice: Choice): Promise<Contact>;
  /** Ends an opt-out that is older than this. `conflict`: the customer wrote STOP, which none but their START ends. */
  optIn(salonId: SalonId, party: string, choice: Choice): Promise<Contact>;
  /** Whether the customer wants marketing; an opt-out is a matter of its own. */
  recordConsent(salonId: SalonId, party: string, marketing: Consent): Promise<Contact>;
  /** The language that the customer chose, until their own words tell of another. */
  speaks(salonId: SalonId, party: string, language: Language): Promise<Contact>;
}

export function createContacts(database: Database): Contacts {
  return {
    async get(salonId, party) {
      const snapshot = await database.run((firestore) => contactReference(firestore, salonId, party).get());
      return contactIn(snapshot, salonId, party);
    },
    optOut: (salonId, party, choice) =>
      change(salonId, party, (contact) => afterOptOut(contact, choice), { what: "opt_out", ...choice }),
    optIn: (salonId, party, choice) =>
      change(salonId, party, (contact) => optedIn(contact, choice), { what: "opt_in", ...choice }),
    recordConsent: (salonId, party, marketing) =>
      change(salonId, party, (contact) => afterConsent(contact, marketing), {
        what: `marketing_${marketing.state}`,
        at: marketing.at,
        by: "salon",
        channel: null,
        evidence: marketing.source,
      }),
    speaks: (salonId, party, language) =>
      change(salonId, party, (contact) =>
        contact.language === language ? contact : { ...contact, language },
      ),
  };

  function change(
    salonId: SalonId,
    party: string,
    after: (contact: Contact) => Contact,
    chosen?: Choice & Pick<ContactChoice, "what">,
  ): Promise<Contact> {
    return database.transact(async (transaction, firestore) => {
      const reference = contactReference(firestore, salonId, party);
      const known = contactIn(await transaction.get(reference), salonId, party);
      const changed = after(known);
      if (changed !== known) transaction.merge(reference, changed);
      if (chosen !== undefined)
        await keepChoice(transaction, firestore, { salon_id: salonId, party, ...chosen });
      return changed;
    });
  }
}

function optedIn(contact: Contact, choice: Choice): Contact {
  if (mayOptIn(contact, choice)) return afterOptIn(contact, choice);
  const message = "The customer wrote STOP to the salon; only they can end that, by writing START.";
  const context = { salonId: contact.salon_id, reason: "customer_wrote_stop" };
  throw new AppError("conflict", message, { context });
}

/** Where a contact stands, for who changes it in a transaction of their own. */
export function contactReference(firestore: Firestore, salonId: SalonId, party: string): DocumentReference {
  return firestore.collection("contacts").doc(`${salonId}_${party}`);
}

/** The contact in what was read of it, or the stranger that the salon does not know yet. */
export function contactIn(snapshot: DocumentSnapshot | undefined, salonId: SalonId, party: string): Contact {
  if (snapshot?.exists !== true) return unknownContact(salonId, party);
  return parseDocument(Contact, snapshot.ref.path, snapshot.data());
}
