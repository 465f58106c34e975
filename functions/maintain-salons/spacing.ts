import { z } from "zod";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { Instant } from "#shared/core/instant.ts";
import type { Database } from "#shared/runtime/database.ts";

/** `{collection}/{id}`: when a duty that asks Twilio is due again. */
const Spaced = z.object({ next_at: Instant, updated_at: Instant });

/** Keeps such a duty from being done in every hourly pass, and two workers from doing it at once. */
export interface Spacing {
  /** False when it is not due, or another worker is at it. */
  claim(id: string): Promise<boolean>;
  rest(id: string, seconds?: number): Promise<void>;
}

/** Well under a day, so that a pass that begins some minutes earlier than yesterday's is not too early. */
const DAY_SECONDS = 23 * 3_600;
/** Longer than a duty takes; after trouble, or a worker's death, the next hourly pass tries again. */
const LEASE_SECONDS = 15 * 60;

export function createSpacing(
  database: Database,
  clock: Clock,
  collection: "template_syncs" | "webhook_checks",
): Spacing {
  const referenceOf = (id: string) => database.firestore.collection(collection).doc(id);
  const dueIn = (seconds: number) => {
    const now = clock.now();
    return { next_at: plusSeconds(now, seconds), updated_at: now } satisfies z.infer<typeof Spaced>;
  };

  return {
    claim: (id) =>
      database.transact(async (transaction) => {
        const snapshot = await transaction.get(referenceOf(id));
        const known = Spaced.safeParse(snapshot.data()).data;
        if (known !== undefined && known.next_at > clock.now()) return false;
        transaction.set(snapshot.ref, dueIn(LEASE_SECONDS));
        return true;
      }),
    async rest(id, seconds = DAY_SECONDS) {
      await database.run(() => referenceOf(id).set(dueIn(seconds)));
    },
  };
}
