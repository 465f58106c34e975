import { z } from "zod";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/salons/cached-documents.ts";

/** What Twilio sends for one sender in a second: segments of SMS, messages of WhatsApp. */
export const SENDER_RATES = { long_code: 1, toll_free: 3, whatsapp: 80 } as const;
export type SenderKind = keyof typeof SENDER_RATES;

/** The share of a rate that campaigns take. The rest is for whatever does not wait: confirmations, replies, retries. */
const SHARE = 0.7;

/** `pacing/{salonId}_{channel}`: when the next slot of the salon's sender is free. */
export const Pacing = z.object({ next_at: Instant });
export type Pacing = z.infer<typeof Pacing>;

export interface SlotRequest {
  readonly salonId: SalonId;
  readonly channel: "sms" | "whatsapp";
  /** One for each message, in the order they shall go: its segments for sms, 1 for whatsapp. */
  readonly sizes: readonly number[];
  /** Of an SMS, where it is known to be faster than a long code. */
  readonly sender?: "long_code" | "toll_free";
}

export interface Slots {
  /**
   * The instant at which each message is due: behind all that is reserved already, never in the past. One write,
   * however many messages. A slot that is not used stays empty.
   */
  reserve(request: SlotRequest): Promise<Date[]>;
}

export function createSlots(database: Database, clock: Clock): Slots {
  return {
    async reserve({ salonId, channel, sizes, sender = "long_code" }) {
      if (!sizes.every((size) => Number.isSafeInteger(size) && size >= 1)) {
        const context = { field: "sizes", salonId };
        throw new AppError("invalid-argument", "sizes must be whole numbers from 1.", { context });
      }
      if (sizes.length === 0) return [];
      const perSecond = SENDER_RATES[channel === "sms" ? sender : channel] * SHARE;
      return database.transact(async (transaction, firestore) => {
        const reference = firestore.collection("pacing").doc(`${salonId}_${channel}`);
        const known = await transaction.get(reference);
        const next = known.exists ? parseDocument(Pacing, reference.path, known.data()).next_at : undefined;
        const { slots, next: next_at } = slotsFrom(next, clock.now(), sizes, perSecond);
        transaction.set(reference, { next_at } satisfies Pacing);
        return slots;
      });
    },
  };
}

/**
 * A slot for each size, one behind the other, beginning at `next` or at `now` when that is past; and where the next one
 * begins. A message takes its size at `perSecond`, rounded up to whole milliseconds, so that the rate is never exceeded.
 */
export function slotsFrom(
  next: Date | undefined,
  now: Date,
  sizes: readonly number[],
  perSecond: number,
): { slots: Date[]; next: Date } {
  let free = Math.max(next?.getTime() ?? 0, now.getTime());
  const slots = sizes.map((size) => {
    const slot = new Date(free);
    free += Math.ceil((size * 1000) / perSecond);
    return slot;
  });
  return { slots, next: new Date(free) };
}
