import { FieldPath, type Query, type QueryDocumentSnapshot } from "firebase-admin/firestore";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";

/** Where a salon's documents are, beside the ones that bear its id. */
export const COLLECTIONS = [
  "messages",
  "calls",
  "contacts",
  "threads",
  "outbox",
  "usage_ledger",
  "integration_usage",
  "invoices",
  "integration_audit",
  "notifications",
  "phone_numbers",
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
