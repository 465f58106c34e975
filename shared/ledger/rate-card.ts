import { z } from "zod";

/** What can be billed (spec §4.2). */
export const UsageKind = z.enum([
  "whatsapp_outbound",
  "whatsapp_inbound",
  "sms_outbound",
  "sms_inbound",
  "voice_inbound",
  "voice_outbound",
]);
export type UsageKind = z.infer<typeof UsageKind>;

/** A dated price list. Prices are integer micros of `currency`: 1 rupee is 1,000,000 micros. */
export interface RateCard {
  readonly id: string;
  readonly currency: "INR";
  /** First day on which the card holds, YYYY-MM-DD in the salon's zone. */
  readonly from: string;
  /** Price of one message (WhatsApp), one segment (SMS) or one started minute (voice). */
  readonly unit_cost_micros: Readonly<Record<UsageKind, number>>;
}

/** The platform's price lists, oldest first. A new price is a new card: rows already written keep theirs. */
export const RATE_CARDS: readonly [RateCard, ...RateCard[]] = [
  {
    id: "2026-02",
    currency: "INR",
    from: "2026-02-01",
    unit_cost_micros: {
      whatsapp_outbound: 500_000,
      whatsapp_inbound: 0,
      sms_outbound: 200_000,
      sms_inbound: 0,
      voice_inbound: 100_000,
      voice_outbound: 150_000,
    },
  },
];

/** The card that holds on `day` (YYYY-MM-DD); before the first card, the first one. */
export function rateCardOn(day: string, cards: readonly [RateCard, ...RateCard[]] = RATE_CARDS): RateCard {
  return cards.findLast((card) => card.from <= day) ?? cards[0];
}
