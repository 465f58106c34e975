import { z } from "zod";
import { Instant } from "#shared/core/instant.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/salons/cached-documents.ts";
import type { Entry } from "./billing.ts";
import { InboundMessage } from "./message.ts";

/** `contacts/{salonId}_{party}`: what a salon knows of a customer's number. */
export const Contact = z.object({
  salon_id: z.string(),
  party: z.string(),
  first_inbound_at: Instant,
  last_inbound_at: Instant,
  last_channel: z.enum(["sms", "whatsapp"]),
});
export type Contact = z.infer<typeof Contact>;

export interface InboundMessages {
  /**
   * Stores a message once, with its ledger row and its sender's contact. Gives what stands under its id now, so that
   * a repeated webhook goes on from there. `greets` is true when the sender was not known before.
   */
  record(
    message: Omit<InboundMessage, "greets">,
    entry: Entry,
    options: { mayGreet: boolean },
  ): Promise<InboundMessage>;
}

export function createInboundMessages(database: Database): InboundMessages {
  return {
    record: (message, entry, { mayGreet }) =>
      database.transact(async (transaction, firestore) => {
        const reference = firestore.collection("messages").doc(message.id);
        const contactReference = firestore.collection("contacts").doc(`${message.salon_id}_${message.party}`);
        const [known, contact] = await transaction.getAll(reference, contactReference);
        if (known?.exists) return parseDocument(InboundMessage, reference.path, known.data());

        const { salon_id, party, channel: last_channel, received_at: last_inbound_at } = message;
        const first_inbound_at = contact?.exists ? contact.get("first_inbound_at") : last_inbound_at;
        const stored: InboundMessage = { ...message, greets: mayGreet && contact?.exists !== true };
        transaction.create(reference, stored);
        transaction.merge(contactReference, {
          salon_id,
          party,
          first_inbound_at,
          last_inbound_at,
          last_channel,
        });
        transaction.create(
          firestore.collection("salons").doc(salon_id).collection("usage_ledger").doc(entry.id),
          entry.row,
        );
        return stored;
      }),
  };
}
