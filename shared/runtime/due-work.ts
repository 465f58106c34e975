import type { Database } from "./database.ts";

export interface DueDocument {
  readonly id: string;
  readonly path: string;
  readonly get: (field: string) => unknown;
}

/**
 * What is due in a collection, longest overdue first. `due_at` is there only while work is left, so the index and the
 * query hold nothing else.
 */
export async function dueDocuments(
  database: Database,
  collection: "messages" | "calls" | "provisioning" | "notifications" | "erasures" | "incidents" | "outbox",
  now: Date,
  limit: number,
): Promise<DueDocument[]> {
  const due = await database.run((firestore) => {
    // Each salon has an outbox of its own.
    const all =
      collection === "outbox" ? firestore.collectionGroup("outbox") : firestore.collection(collection);
    return all.where("due_at", "<=", now).orderBy("due_at").limit(limit).get();
  });
  return due.docs.map((document) => ({
    id: document.id,
    path: document.ref.path,
    get: (field) => document.get(field),
  }));
}
