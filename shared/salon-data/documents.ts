import {
  type DocumentReference,
  FieldPath,
  type Firestore,
  type Query,
  type QueryDocumentSnapshot,
} from "firebase-admin/firestore";
import type { SalonId } from "#shared/core/ids.ts";
import { rateLimitKey } from "#shared/pacing/rate-limit.ts";
import type { Database } from "#shared/runtime/database.ts";

/** Where a salon's documents are, beside the ones that bear its id. */
export const COLLECTIONS = [
  "messages",
  "calls",
  "contacts",
  "contact_choices",
  "threads",
  "outbox",
  "usage_ledger",
  "integration_usage",
  "invoices",
  "integration_audit",
  "notifications",
  "phone_numbers",
  "incidents",
  "message_syncs",
] as const;
export type CollectionName = (typeof COLLECTIONS)[number];

/** `salons/{salonId}/…`; the others name their salon in a field. */
const BELOW_SALON: readonly CollectionName[] = ["outbox", "usage_ledger"];

/** One page of a salon's documents in a collection, in the order of their ids. */
export async function salonPage(
  database: Database,
  salonId: SalonId,
  name: CollectionName,
  { after = null, size }: { readonly after?: string | null; readonly size: number },
): Promise<QueryDocumentSnapshot[]> {
  const page = await database.run((firestore) => {
    const query: Query = BELOW_SALON.includes(name)
      ? firestore.collection("salons").doc(salonId).collection(name)
      : firestore.collection(name).where("salon_id", "==", salonId);
    const ordered = query.orderBy(FieldPath.documentId()).limit(size);
    return (after === null ? ordered : ordered.startAfter(after)).get();
  });
  return page.docs;
}

/**
 * What is kept under a salon's id alone so that its work goes on where it was: how far its set-up is, when something is
 * due next, how fast it sends. Nobody is named in it, and nobody misses it.
 */
export function workingDocuments(firestore: Firestore, salonId: SalonId): DocumentReference[] {
  const paths = [
    `provisioning/${salonId}`,
    `webhook_checks/${salonId}`,
    `pacing/${salonId}_sms`,
    `pacing/${salonId}_whatsapp`,
    `rate_limits/${rateLimitKey(salonId, { critical: false })}`,
    `rate_limits/${rateLimitKey(salonId, { critical: true })}`,
  ];
  return paths.map((path) => firestore.doc(path));
}
