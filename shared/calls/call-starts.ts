import { z } from "zod";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { Instant } from "#shared/core/instant.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";

/** Twilio starts one call of an account in a second and queues the others, where nobody sees them wait. */
const SECONDS_A_START = 1;

/** `pacing/{fingerprint}_voice`: the next second in which the account may start a call. */
const Starts = z.object({ next_at: Instant });

type Start = Date | undefined;

export interface CallStarts {
  /**
   * Takes the account's next second, however far away; undefined, and none is taken, when that is not before `before`.
   * A second that is not used stays empty.
   */
  reserve(account: string, before: Date): Promise<Start>;
}

interface Batch {
  readonly befores: Date[];
  readonly starts: Promise<Start[]>;
}

/**
 * One document per account. All calls of an account for one moment want to write it at once, so whoever comes while it
 * is being written waits, and goes together with the others in the next write.
 */
export function createCallStarts(database: Database, clock: Clock): CallStarts {
  /** What is being written, by the account, and what goes next. */
  const writing = new Map<string, Promise<Start[]>>();
  const waiting = new Map<string, Batch>();

  return {
    async reserve(account, before) {
      const batch = waiting.get(account) ?? begin(account);
      const place = batch.befores.push(before) - 1;
      return (await batch.starts)[place];
    },
  };

  function begin(account: string): Batch {
    const befores: Date[] = [];
    const batch = { befores, starts: writeNext(account, befores) };
    waiting.set(account, batch);
    return batch;
  }

  async function writeNext(account: string, befores: readonly Date[]): Promise<Start[]> {
    await writing.get(account)?.catch(() => undefined);
    waiting.delete(account);
    const starts = write(account, befores);
    writing.set(account, starts);
    return starts.finally(() => writing.delete(account));
  }

  function write(account: string, befores: readonly Date[]): Promise<Start[]> {
    return database.transact(async (transaction, firestore) => {
      const reference = firestore.collection("pacing").doc(`${account}_voice`);
      const known = await transaction.get(reference);
      const now = clock.now();
      const free = known.exists ? parseDocument(Starts, reference.path, known.data()).next_at : now;
      let next = free > now ? free : now;
      const starts = befores.map((before) => {
        if (next >= before) return undefined;
        const at = next;
        next = plusSeconds(at, SECONDS_A_START);
        return at;
      });
      if (starts.some((at) => at !== undefined))
        transaction.set(reference, { next_at: next } satisfies z.infer<typeof Starts>);
      return starts;
    });
  }
}
