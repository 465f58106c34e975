import type { DocumentReference, DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { E164, PartyOf } from "#shared/core/phone.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import { afterBlock, afterUnblock, afterUse, chooseThread, Thread } from "./thread.ts";

export interface Claim {
  readonly salonId: SalonId;
  readonly party: string;
  /** The shared numbers, the preferred one first. */
  readonly numbers: readonly E164[];
}

/** Brings replies on the platform's shared numbers home: for a customer a number belongs to one salon at a time. */
export interface Threads {
  /**
   * Takes a number for a salon to write to a customer from: the one it uses for them already, else one that no other
   * salon has used for them in 30 days, never one that they have blocked. Undefined when there is none.
   */
  claim(claim: Claim): Promise<E164 | undefined>;
  /** Whose reply it is that a customer sends to a number; undefined: no salon's. */
  salonOf(number: E164, party: string): Promise<SalonId | undefined>;
  /** The customer said STOP to this number, at that time. */
  block(number: E164, party: string, at: Date): Promise<void>;
  /** The customer said START to this number, at that time. */
  unblock(number: E164, party: string, at: Date): Promise<void>;
}

export interface ThreadsDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly partyOf: PartyOf;
}

export function createThreads({ database, clock, partyOf }: ThreadsDeps): Threads {
  return {
    claim: ({ salonId, party, numbers }) =>
      database.transact(async (transaction, firestore) => {
        if (numbers.length === 0) return undefined;
        const now = clock.now();
        const references = numbers.map((number) => threadReference(firestore, partyOf(number), party));
        const snapshots = await transaction.getAll(...references);
        const threads = numbers.map((number, index) => threadIn(snapshots[index], partyOf(number), party));
        const chosen = chooseThread(threads, salonId, now);
        if (chosen === undefined) return undefined;
        const { number_id } = chosen;
        transaction.set(threadReference(firestore, number_id, party), afterUse(chosen, salonId, now));
        return numbers.find((number) => partyOf(number) === number_id);
      }),

    async salonOf(number, party) {
      const numberId = partyOf(number);
      const snapshot = await database.run((firestore) => threadReference(firestore, numberId, party).get());
      return threadIn(snapshot, numberId, party).salon_id ?? undefined;
    },

    block: (number, party, at) => change(number, party, (thread) => afterBlock(thread, at)),
    unblock: (number, party, at) => change(number, party, (thread) => afterUnblock(thread, at)),
  };

  function change(number: E164, party: string, after: (thread: Thread) => Thread): Promise<void> {
    return database.transact(async (transaction, firestore) => {
      const numberId = partyOf(number);
      const reference = threadReference(firestore, numberId, party);
      const known = threadIn(await transaction.get(reference), numberId, party);
      const changed = after(known);
      if (changed !== known) transaction.set(reference, changed);
    });
  }
}

/** Where a thread stands, for who changes it in a transaction of their own. */
export function threadReference(firestore: Firestore, numberId: string, party: string): DocumentReference {
  return firestore.collection("threads").doc(`${numberId}_${party}`);
}

/** The thread in what was read of it, or the one that nobody has used yet. */
export function threadIn(snapshot: DocumentSnapshot | undefined, numberId: string, party: string): Thread {
  if (snapshot?.exists !== true) return Thread.parse({ number_id: numberId, party });
  return parseDocument(Thread, snapshot.ref.path, snapshot.data());
}
