import { FieldValue, type Firestore } from "firebase-admin/firestore";
import { z } from "zod";
import { SalonId, sha256Hex } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import { Choice } from "./contact.ts";

/**
 * `contact_choices/{id}`: one thing that a customer of a salon chose. The contact holds what stands; these are what it
 * came of, also what came too late to change anything, and prove a consent after its end. None is ever changed.
 */
export const ContactChoice = z.object({
  salon_id: SalonId,
  party: z.string(),
  what: z.enum(["opt_out", "opt_in", "marketing_granted", "marketing_revoked"]),
  ...Choice.shape,
  /** When we heard of it, by Firestore's own clock. */
  recorded_at: Instant,
});
export type ContactChoice = z.infer<typeof ContactChoice>;

/** Keeps a choice, once however often it is told, in the transaction that has the contact follow it. */
export async function keepChoice(
  transaction: Transaction,
  firestore: Firestore,
  choice: Omit<ContactChoice, "recorded_at">,
): Promise<void> {
  const { salon_id, party, what, at, by, evidence } = choice;
  const id = sha256Hex("contact-choice", salon_id, party, what, at.toISOString(), by, evidence);
  const reference = firestore.collection("contact_choices").doc(id);
  const known = await transaction.get(reference);
  if (!known.exists) transaction.create(reference, { ...choice, recorded_at: FieldValue.serverTimestamp() });
}
