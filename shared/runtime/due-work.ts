import type { Database } from "./database.ts";

export interface DueDocument {
  readonly id: string;
  readonly get: (field: string) => unknown;
}

/**
 * What is due in a collection, longest overdue first. `due_at` is there only while work is left, so the index and the
 * query hold nothing else.
 */
export async function dueDocuments(
  database: Database,
  collection: "messages" | "provisioning" | "notifications" | "erasures",
  now: Date,
  limit: number,
): Promise<DueDocument[]> {
  const due = await database.run((firestore) =>
    firestore.collection(collection).where("due_at", "<=", now).orderBy("due_at").limit(limit).get(),
  );
  return due.docs.map((document) => ({ id: document.id, get: (field) => document.get(field) }));
}
