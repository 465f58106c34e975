import { z } from "zod";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { type Database, isStale } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";

/** `phone_numbers/{PhoneNumberSid}`: a number of the platform's. */
export const PooledNumber = z.object({
  sid: z.string(),
  phone_number: E164,
  country: z.string(),
  /** Label of the parent account that bought it. */
  parent: z.string(),
  /** `gone`: Twilio has no such number at the parent. */
  state: z.enum(["free", "claimed", "assigned", "gone"]),
  salon_id: z.string().nullable(),
  /** A random number from 0 up to 1: workers start looking at different places. */
  pick: z.number(),
});
export type PooledNumber = z.infer<typeof PooledNumber>;

export interface NumberPool {
  /** A number for the salon, the one it has claimed already if any; undefined when the pool has none left. */
  claim(salonId: SalonId, wanted: { country: string; parent: string }): Promise<PooledNumber | undefined>;
  /** Notes that the salon has the number, be it from the pool or newly bought. */
  assign(
    number: Pick<PooledNumber, "sid" | "phone_number" | "country" | "parent">,
    salonId: SalonId,
  ): Promise<void>;
  /** Takes a number out of the books that is not at its parent, so that nobody claims it again. */
  strikeOff(sid: string): Promise<void>;
  /** Counts a purchase of this hour; `resource-exhausted` once the hour's limit is reached. */
  budgetPurchase(limitPerHour: number): Promise<void>;
}

/** How often somebody else may be faster before we give up for now. */
const MAX_TRIES = 20;

export function createNumberPool(database: Database, clock: Clock, random: () => number): NumberPool {
  const numbers = database.firestore.collection("phone_numbers");

  /** A free number at or after a random place, or else from the start. */
  async function candidate(country: string, parent: string) {
    const free = numbers
      .where("state", "==", "free")
      .where("country", "==", country)
      .where("parent", "==", parent);
    const place = random();
    for (const query of [free.where("pick", ">=", place), free.where("pick", "<", place)]) {
      const found = await database.run(() => query.orderBy("pick").limit(1).get());
      if (found.docs[0] !== undefined) return found.docs[0];
    }
    return undefined;
  }

  return {
    async claim(salonId, { country, parent }) {
      const mine = await database.run(() =>
        numbers.where("salon_id", "==", salonId).where("parent", "==", parent).limit(1).get(),
      );
      if (mine.docs[0] !== undefined)
        return parseDocument(PooledNumber, mine.docs[0].ref.path, mine.docs[0].data());
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const found = await candidate(country, parent);
        if (found === undefined) return undefined;
        try {
          const precondition = { lastUpdateTime: found.updateTime };
          await database.run(() => found.ref.update({ state: "claimed", salon_id: salonId }, precondition));
          return parseDocument(PooledNumber, found.ref.path, {
            ...found.data(),
            state: "claimed",
            salon_id: salonId,
          });
        } catch (error) {
          if (!isStale(error)) throw error;
        }
      }
      throw new AppError("unavailable", "Too many salons are being given numbers at once; try again.");
    },
    async assign({ sid, phone_number, country, parent }, salonId) {
      const number: PooledNumber = {
        sid,
        phone_number,
        country,
        parent,
        state: "assigned",
        salon_id: salonId,
        pick: random(),
      };
      await database.run(() => numbers.doc(sid).set(number));
    },
    async strikeOff(sid) {
      await database.run(() => numbers.doc(sid).update({ state: "gone", salon_id: null }));
    },
    budgetPurchase: (limitPerHour) =>
      database.transact(async (transaction, firestore) => {
        const hour = clock.now().toISOString().slice(0, 13);
        const reference = firestore.collection("purchase_budgets").doc(hour);
        const bought = z
          .int()
          .catch(0)
          .parse((await transaction.get(reference)).get("bought"));
        if (bought >= limitPerHour) {
          const message =
            "The platform's limit of new phone numbers for this hour is reached; it goes on in the next.";
          throw new AppError("resource-exhausted", message);
        }
        transaction.set(reference, { bought: bought + 1 });
      }),
  };
}
