import type { DocumentReference, Firestore } from "firebase-admin/firestore";
import { z } from "zod";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import { type Database, isStale } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import { begun, Erasure } from "./erasure.ts";

export interface Erased {
  readonly gone: readonly { readonly ref: DocumentReference }[];
  readonly freed?: readonly { readonly ref: DocumentReference }[];
}

export interface ErasureStore {
  get(salonId: SalonId): Promise<Erasure | undefined>;
  /** Within another transaction, for the one that begins a job. */
  readWithin(transaction: Transaction, salonId: SalonId): Promise<Erasure | undefined>;
  writeWithin(transaction: Transaction, job: Erasure): void;
  /** Takes the lease; undefined when there is nothing to do, or another worker has it. */
  begin(salonId: SalonId, holder: string): Promise<Erasure | undefined>;
  /** Writes how far the job is, and what goes with it in the same commit; `conflict` when another took over. */
  commit(
    held: Erasure,
    next: Erasure,
    within?: (transaction: Transaction, firestore: Firestore) => Promise<void>,
  ): Promise<Erasure>;
  /** The same for documents that are to go, or to be no salon's any more. */
  commitDeleted(held: Erasure, next: Erasure, documents: Erased): Promise<Erasure>;
  /** Salons whose erasure goes on now, the longest overdue first. */
  due(limit: number): Promise<SalonId[]>;
}

export function createErasureStore(database: Database, clock: Clock): ErasureStore {
  const reference = (salonId: string) => database.firestore.collection("erasures").doc(salonId);
  const parse = (salonId: string, data: unknown) => parseDocument(Erasure, `erasures/${salonId}`, data);

  const readWithin: ErasureStore["readWithin"] = async (transaction, salonId) => {
    const snapshot = await transaction.get(reference(salonId));
    return snapshot.exists ? parse(salonId, snapshot.data()) : undefined;
  };
  const writeWithin: ErasureStore["writeWithin"] = (transaction, job) =>
    transaction.set(reference(job.salon_id), job);

  return {
    readWithin,
    writeWithin,
    async get(salonId) {
      const snapshot = await database.run(() => reference(salonId).get());
      return snapshot.exists ? parse(salonId, snapshot.data()) : undefined;
    },
    begin: (salonId, holder) =>
      database.transact(async (transaction) => {
        const known = await readWithin(transaction, salonId);
        const held = known === undefined ? undefined : begun(known, holder, clock.now());
        if (held !== undefined) writeWithin(transaction, held);
        return held;
      }),
    commit: (held, next, within) =>
      database.transact(async (transaction, firestore) => {
        if (!isHeldBy(await readWithin(transaction, held.salon_id), held)) throw takenOver();
        await within?.(transaction, firestore);
        writeWithin(transaction, next);
        return next;
      }),
    async commitDeleted(held, next, { gone, freed = [] }) {
      try {
        await database.run(async (firestore) => {
          const snapshot = await reference(held.salon_id).get();
          const { updateTime: lastUpdateTime } = snapshot;
          if (!isHeldBy(parse(held.salon_id, snapshot.data()), held) || lastUpdateTime === undefined)
            throw takenOver();
          const batch = firestore.batch();
          for (const { ref } of gone) batch.delete(ref);
          for (const { ref } of freed) batch.update(ref, { salon_id: null });
          batch.update(reference(held.salon_id), { ...next }, { lastUpdateTime });
          await batch.commit();
        });
      } catch (error) {
        throw isStale(error) ? takenOver() : error;
      }
      return next;
    },
    async due(limit) {
      const due = await database.run((firestore) =>
        firestore
          .collection("erasures")
          .where("due_at", "<=", clock.now())
          .orderBy("due_at")
          .limit(limit)
          .get(),
      );
      return z.array(SalonId).parse(due.docs.map(({ id }) => id));
    },
  };
}

function isHeldBy(known: Erasure | undefined, { lease }: Erasure): boolean {
  return known?.lease != null && known.lease.holder === lease?.holder;
}

function takenOver(): AppError {
  return new AppError("conflict", "Another worker has taken this salon's erasure over.");
}
