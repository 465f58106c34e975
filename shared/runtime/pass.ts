import { z } from "zod";
import { Instant } from "#shared/core/instant.ts";
import type { Database } from "./database.ts";

/** How far a pass over all salons is. */
const Pass = z.object({
  /** When the pass began, as precisely as it is repeated: a day as YYYY-MM-DD or an hour as YYYY-MM-DDTHH, in GMT. */
  period: z.string(),
  /** The last salon that was looked at; null before the first. */
  after: z.string().nullable(),
  finished: z.boolean(),
  updated_at: Instant,
});
export type Pass = z.infer<typeof Pass>;

/** The pass to go on with: an unfinished one, or a new one in a new period. Undefined: this period's is finished. */
export function nextPass(known: Pass | undefined, period: string, now: Date): Pass | undefined {
  if (known !== undefined && !known.finished) return known;
  if (known !== undefined && known.period >= period) return undefined;
  return { period, after: null, finished: false, updated_at: now };
}

/** Whether `next` is further than what is known; a slower worker must not set a faster one back. */
export function isFurther(known: Pass | undefined, next: Pass): boolean {
  if (known === undefined || next.period !== known.period)
    return known === undefined || next.period > known.period;
  if (known.finished) return false;
  return next.finished || (next.after ?? "") > (known.after ?? "");
}

export interface PassStore {
  read(): Promise<Pass | undefined>;
  save(pass: Pass): Promise<void>;
}

/** Keeps one pass in the document of this path. */
export function createPassStore(database: Database, path: string): PassStore {
  const reference = database.firestore.doc(path);
  return {
    // An odd document costs one more pass, which changes nothing that is as it should be.
    read: async () => Pass.safeParse((await database.run(() => reference.get())).data()).data,
    save: (pass) =>
      database.transact(async (transaction) => {
        const known = Pass.safeParse((await transaction.get(reference)).data()).data;
        if (isFurther(known, pass)) transaction.set(reference, pass);
      }),
  };
}
