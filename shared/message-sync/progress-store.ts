import type { DocumentReference } from "firebase-admin/firestore";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { type Database, isAlreadyExists } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import { type AccountKey, newProgress, Progress, progressId } from "./progress.ts";

/** Where each account's reading stands. One worker at a time holds an account, until `due_at`. */
export interface ProgressStore {
  /** The ids of what is due, longest overdue first. */
  due(limit: number): Promise<string[]>;
  /** Takes an account for one worker; undefined when it is not due, or another has it. */
  take(id: string, holder: string, leaseSeconds: number): Promise<Progress | undefined>;
  /** Keeps how far its holder is; false when the account has been taken over meanwhile. */
  save(holder: string, progress: Progress): Promise<boolean>;
  /** Makes accounts known; those that are stay as they are. */
  add(keys: readonly AccountKey[]): Promise<void>;
  remove(key: AccountKey): Promise<void>;
}

export function createProgressStore(database: Database, clock: Clock): ProgressStore {
  const collection = database.firestore.collection("message_syncs");
  const referenceOf = (key: AccountKey) => collection.doc(progressId(key));
  const parse = (reference: DocumentReference, data: unknown) =>
    parseDocument(Progress, reference.path, data);

  return {
    async due(limit) {
      const due = collection.where("due_at", "<=", clock.now()).orderBy("due_at").select().limit(limit);
      return (await database.run(() => due.get())).docs.map(({ id }) => id);
    },
    take: (id, holder, leaseSeconds) =>
      database.transact(async (transaction) => {
        const now = clock.now();
        const reference = collection.doc(id);
        const snapshot = await transaction.get(reference);
        if (!snapshot.exists) return undefined;
        const known = parse(reference, snapshot.data());
        if (known.due_at > now) return undefined;
        const taken = { ...known, holder, due_at: plusSeconds(now, leaseSeconds) };
        transaction.set(reference, taken);
        return taken;
      }),
    save: (holder, progress) =>
      database.transact(async (transaction) => {
        const reference = referenceOf(progress);
        const snapshot = await transaction.get(reference);
        if (snapshot.get("holder") !== holder) return false;
        transaction.set(reference, progress);
        return true;
      }),
    async add(keys) {
      if (keys.length === 0) return;
      const known = await database.run((firestore) =>
        firestore.getAll(...keys.map(referenceOf), { fieldMask: ["due_at"] }),
      );
      await Promise.all(
        keys.map(async (key, index) => {
          if (known[index]?.exists) return;
          const progress = newProgress(key, clock.now());
          try {
            await database.run(() => referenceOf(key).create(progress));
          } catch (error) {
            if (!isAlreadyExists(error)) throw error;
          }
        }),
      );
    },
    async remove(key) {
      await database.run(() => referenceOf(key).delete());
    },
  };
}
