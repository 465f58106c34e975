import type { QueryDocumentSnapshot } from "firebase-admin/firestore";
import { plusSeconds } from "#shared/core/clock.ts";
import type { Database } from "./database.ts";

/** Where work may be due. */
export const DUE_COLLECTIONS = [
  "messages",
  "calls",
  "provisioning",
  "notifications",
  "erasures",
  "incidents",
  "outbox",
] as const;
export type DueCollection = (typeof DUE_COLLECTIONS)[number];

/** A document that is due, with the few fields that say where its wake-up goes. */
export type DueDocument = QueryDocumentSnapshot;

/**
 * An outbox request is due from the moment it is written, which its event tells too; so long the event has to come.
 * Everything else has that time in its `due_at`.
 */
const OUTBOX_EVENT_SECONDS = 10;

const FIELDS = ["due_at", "critical", "salon_id", "source"];

/**
 * What is due in a collection, longest overdue first, at most `limit` of it, behind `after`. `due_at` is there only
 * while work is left, so the index and the query hold nothing else.
 */
export async function dueDocuments(
  database: Database,
  collection: DueCollection,
  now: Date,
  { limit, after }: { readonly limit: number; readonly after?: DueDocument | undefined },
): Promise<DueDocument[]> {
  const due = await database.run((firestore) => {
    // Each salon has an outbox of its own.
    const all =
      collection === "outbox" ? firestore.collectionGroup("outbox") : firestore.collection(collection);
    const ordered = all
      .where("due_at", "<=", collection === "outbox" ? plusSeconds(now, -OUTBOX_EVENT_SECONDS) : now)
      .orderBy("due_at")
      .select(...FIELDS)
      .limit(limit);
    return (after === undefined ? ordered : ordered.startAfter(after)).get();
  });
  return due.docs;
}
