import { z } from "zod";
import { Instant } from "#shared/core/instant.ts";
import type { Database } from "#shared/runtime/database.ts";

/** `maintenance/salons`: how far the pass over all salons is. */
const Pass = z.object({
  /** YYYY-MM-DDTHH in GMT: the hour the pass began in. */
  hour: z.string(),
  /** The last salon that was looked at; null before the first. */
  after: z.string().nullable(),
  finished: z.boolean(),
  updated_at: Instant,
});
export type Pass = z.infer<typeof Pass>;

/** The pass to go on with: an unfinished one, or a new one in a new hour. Undefined: this hour's is finished. */
export function nextPass(known: Pass | undefined, now: Date): Pass | undefined {
  const hour = now.toISOString().slice(0, 13);
  if (known !== undefined && !known.finished) return known;
  if (known !== undefined && known.hour >= hour) return undefined;
  return { hour, after: null, finished: false, updated_at: now };
}

/** Whether `next` is further than what is known; a slower worker must not set a faster one back. */
export function isFurther(known: Pass | undefined, next: Pass): boolean {
  if (known === undefined || next.hour !== known.hour) return known === undefined || next.hour > known.hour;
  if (known.finished) return false;
  return next.finished || (next.after ?? "") > (known.after ?? "");
}

export interface PassStore {
  read(): Promise<Pass | undefined>;
  save(pass: Pass): Promise<void>;
}

export function createPassStore(database: Database): PassStore {
  const reference = database.firestore.doc("maintenance/salons");
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
