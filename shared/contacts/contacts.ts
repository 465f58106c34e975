import type { DocumentReference, DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/salons/cached-documents.ts";
import type { Language } from "#shared/salons/communication-settings.ts";
import { type Choice, type Consent, Contact, unknownContact } from "./contact.ts";
import { afterConsent, afterOptIn, afterOptOut } from "./decisions.ts";

/** Each may be repeated and may come late: what is older than what is known changes nothing. */
export interface Contacts {
  /** What the salon knows of a customer; of a stranger, nothing but the name. */
  get(salonId: SalonId, party: string): Promise<Contact>;
  /** Nothing goes to the customer any more, by whatever channel. The first opt-out keeps its time and evidence. */
  optOut(salonId: SalonId, party: string, choice: Choice): Promise<Contact>;
  /** Ends an opt-out that is older than this. */
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
    optOut: (salonId, party, choice) => change(salonId, party, (contact) => afterOptOut(contact, choice)),
    optIn: (salonId, party, choice) => change(salonId, party, (contact) => afterOptIn(contact, choice)),
    recordConsent: (salonId, party, marketing) =>
      change(salonId, party, (contact) => afterConsent(contact, marketing)),
    speaks: (salonId, party, language) =>
      change(salonId, party, (contact) =>
        contact.language === language ? contact : { ...contact, language },
      ),
  };

  function change(salonId: SalonId, party: string, after: (contact: Contact) => Contact): Promise<Contact> {
    return database.transact(async (transaction, firestore) => {
      const reference = contactReference(firestore, salonId, party);
      const known = contactIn(await transaction.get(reference), salonId, party);
      const changed = after(known);
      if (changed !== known) transaction.merge(reference, changed);
      return changed;
    });
  }
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
