import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { Pacing, slotsFrom } from "#shared/pacing/slots.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/salons/cached-documents.ts";

/** Twilio starts one call of an account in a second and queues the others, where nobody sees them wait. */
const STARTS_PER_SECOND = 1;

export type CallStart = { readonly at: Date } | { readonly askAgainAt: Date };

export interface CallStarts {
  /** The second in which the account may start a call; none is taken when the next free one is too far away. */
  reserve(account: string, withinSeconds: number): Promise<CallStart>;
}

/** One document per account, `pacing/{fingerprint}_voice`, and one write per call. */
export function createCallStarts(database: Database, clock: Clock): CallStarts {
  return {
    reserve: (account, withinSeconds) =>
      database.transact<CallStart>(async (transaction, firestore) => {
        const reference = firestore.collection("pacing").doc(`${account}_voice`);
        const known = await transaction.get(reference);
        const free = known.exists ? parseDocument(Pacing, reference.path, known.data()).next_at : undefined;
        const now = clock.now();
        const { slots, next } = slotsFrom(free, now, [1], STARTS_PER_SECOND);
        const [at = now] = slots;
        if (at > plusSeconds(now, withinSeconds)) return { askAgainAt: at };
        transaction.set(reference, { next_at: next } satisfies Pacing);
        return { at };
      }),
  };
}
