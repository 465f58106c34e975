import { z } from "zod";
import { Instant } from "#shared/core/instant.ts";
import { UsageKind } from "#shared/ledger/rate-card.ts";

/** Sums over ledger rows: how many messages or calls, their units, their cost. */
export const Sums = z.object({ events: z.int(), quantity: z.int(), cost_micros: z.int() });
export type Sums = z.infer<typeof Sums>;

export const SumsByKind = z.partialRecord(UsageKind, Sums);
export type SumsByKind = z.infer<typeof SumsByKind>;

/**
 * `integration_usage/{salonId}_{YYYY-MM}`: a month in the salon's zone. Every figure is recomputed from the ledger and
 * set; the spec's own fields (`twilio_…`, `estimated_cost`) follow from the days like the rest.
 */
export const UsageMonth = z.object({
  salon_id: z.string(),
  month: z.string(),
  currency: z.literal("INR"),
  days: z.record(z.string(), SumsByKind),
  totals: SumsByKind,
  total_cost_micros: z.int(),
  twilio_messages: z.int(),
  twilio_calls: z.int(),
  twilio_whatsapp: z.int(),
  /** Rupees, for display; money is `total_cost_micros`. */
  estimated_cost: z.number(),
  last_updated: Instant,
});
export type UsageMonth = z.infer<typeof UsageMonth>;

export interface RecomputedDay {
  readonly salonId: string;
  /** YYYY-MM-DD in the salon's zone. */
  readonly day: string;
  readonly sums: SumsByKind;
}

/** The month with one day set anew, and all totals recomputed from the days. */
export function monthWithDay(
  known: UsageMonth | undefined,
  { salonId, day, sums }: RecomputedDay,
  now: Date,
): UsageMonth {
  const days = { ...known?.days, [day]: sums };
  const totals: SumsByKind = {};
  for (const kind of UsageKind.options) {
    const ofKind = Object.values(days).flatMap((byKind) => byKind[kind] ?? []);
    if (ofKind.length > 0) totals[kind] = ofKind.reduce(added);
  }
  const count = (...kinds: UsageKind[]) => kinds.reduce((sum, kind) => sum + (totals[kind]?.events ?? 0), 0);
  const total_cost_micros = Object.values(totals).reduce((sum, { cost_micros }) => sum + cost_micros, 0);
  return {
    salon_id: salonId,
    month: day.slice(0, 7),
    currency: "INR",
    days,
    totals,
    total_cost_micros,
    twilio_messages: count("sms_outbound", "sms_inbound"),
    twilio_calls: count("voice_inbound", "voice_outbound"),
    twilio_whatsapp: count("whatsapp_outbound", "whatsapp_inbound"),
    estimated_cost: total_cost_micros / 1_000_000,
    last_updated: now,
  };
}

function added(left: Sums, right: Sums): Sums {
  return {
    events: left.events + right.events,
    quantity: left.quantity + right.quantity,
    cost_micros: left.cost_micros + right.cost_micros,
  };
}
