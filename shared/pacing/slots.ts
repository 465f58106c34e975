import { z } from "zod";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import { placesIn, type Wish } from "./places.ts";

/** What Twilio sends for one sender in a second: segments of SMS from a long code, messages of WhatsApp. */
const SENDER_RATES = { sms: 1, whatsapp: 80 } as const;

/** The share of a rate that campaigns take. The rest is for whatever does not wait: confirmations, replies, retries. */
const SHARE = 0.7;

const Busy = z.object({ from: z.int().nonnegative(), until: z.int().nonnegative() });

/** `pacing/{salonId}_{channel}`: when the salon's sender is taken by campaigns, in order, in milliseconds since 1970. */
const Pacing = z.object({ busy: z.array(Busy) });

export interface SlotRequest {
  readonly salonId: SalonId;
  readonly channel: "sms" | "whatsapp";
  /** One for each message, in the order they shall go. */
  readonly wishes: readonly Wish[];
}

export interface Slots {
  /**
   * The instant at which each message is due: beside all that is reserved already, never in the past, at a time at which
   * it may go; undefined for one that finds no place in its time. One write, however many messages. A slot that is not
   * used stays empty.
   */
  reserve(request: SlotRequest): Promise<(Date | undefined)[]>;
}

export function createSlots(database: Database, clock: Clock): Slots {
  return {
    async reserve({ salonId, channel, wishes }) {
      if (!wishes.every(({ size }) => Number.isSafeInteger(size) && size >= 1)) {
        const context = { field: "size", salonId };
        throw new AppError("invalid-argument", "size must be a whole number from 1.", { context });
      }
      if (wishes.length === 0) return [];
      const perSecond = SENDER_RATES[channel] * SHARE;
      return database.transact(async (transaction, firestore) => {
        const reference = firestore.collection("pacing").doc(`${salonId}_${channel}`);
        const known = await transaction.get(reference);
        const before = known.exists ? parseDocument(Pacing, reference.path, known.data()).busy : [];
        const { places, busy } = placesIn(before, wishes, { now: clock.now(), perSecond });
        transaction.set(reference, { busy } satisfies z.infer<typeof Pacing>);
        return places;
      });
    },
  };
}
