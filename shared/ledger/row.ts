import { z } from "zod";
import type { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { dayIn, utcDay } from "#shared/core/time.ts";
import { rateCardOn, UsageKind } from "./rate-card.ts";

/**
 * `salons/{salonId}/usage_ledger/{eventId}`: one billable thing, written once in the commit that made it true.
 * Corrections are further rows with a negative quantity. Nothing in it is personal.
 */
export const LedgerRow = z.object({
  salon_id: z.string(),
  kind: UsageKind,
  /** How many messages or calls the row stands for: 1, taken back -1, in any other row 0. */
  events: z.int().default(1),
  /** Messages (WhatsApp), segments (SMS) or started minutes (voice); in a correction the difference. */
  quantity: z.int(),
  unit_cost_micros: z.int(),
  cost_micros: z.int(),
  currency: z.literal("INR"),
  rate_card: z.string(),
  billed_to: z.enum(["platform", "own_account"]),
  /** Fingerprint of the account that carried it. */
  account: z.string(),
  twilio_sid: z.string(),
  message_id: z.string().nullable(),
  /** Set in a correction: the row it is about. */
  corrects: z.string().nullable(),
  /** What Twilio charges whoever pays it, in micros of `twilio_currency`; only in a row that says just this. */
  twilio_price_micros: z.int().nullable().default(null),
  twilio_currency: z.string().nullable().default(null),
  /** The salon's own day, in the zone it had then; `utc_day` is for Twilio's Usage Records. */
  day: z.string(),
  utc_day: z.string(),
  time_zone: z.string(),
  recorded_at: Instant,
});
export type LedgerRow = z.infer<typeof LedgerRow>;

export interface BillableEvent {
  readonly salonId: SalonId;
  readonly kind: UsageKind;
  readonly quantity: number;
  readonly twilioSid: string;
  readonly account: string;
  readonly billedTo: LedgerRow["billed_to"];
  readonly timeZone: string;
  readonly at: Date;
  readonly messageId?: string;
}

/** The rows that follow the first one of an event: it is taken back, counted anew, or Twilio has named its price. */
export type Further = "reversal" | "segments" | "segments_reversal" | "price";

/** The id of a row: the same event can be written only once. */
export function ledgerRowId(twilioSid: string, kind: UsageKind, further?: Further): string {
  return further === undefined ? `${twilioSid}_${kind}` : `${twilioSid}_${kind}_${further}`;
}

/** Prices an event by the card of its day. Who uses their own Twilio account pays Twilio and not us. */
export function ledgerRow(event: BillableEvent): LedgerRow {
  const day = dayIn(event.timeZone, event.at);
  const card = rateCardOn(day);
  const unitCost = event.billedTo === "platform" ? card.unit_cost_micros[event.kind] : 0;
  return {
    salon_id: event.salonId,
    kind: event.kind,
    events: 1,
    quantity: event.quantity,
    unit_cost_micros: unitCost,
    cost_micros: unitCost * event.quantity,
    currency: card.currency,
    rate_card: card.id,
    billed_to: event.billedTo,
    account: event.account,
    twilio_sid: event.twilioSid,
    message_id: event.messageId ?? null,
    corrects: null,
    twilio_price_micros: null,
    twilio_currency: null,
    day,
    utc_day: utcDay(event.at),
    time_zone: event.timeZone,
    recorded_at: event.at,
  };
}

/** Takes a row back, at the price it was written with, on the day it is taken back. */
export function reversalOf(row: LedgerRow, at: Date): LedgerRow {
  return correction(row, { events: 0 - row.events, quantity: 0 - row.quantity }, at);
}

/** Charges, or gives back, what Twilio counted otherwise than the row has it, at the row's price. */
export function recountOf(row: LedgerRow, quantity: number, at: Date): LedgerRow {
  return correction(row, { events: 0, quantity: quantity - row.quantity }, at);
}

/**
 * What Twilio charges for the same thing, beside the row and on its day. It is charged to nobody: quantity and cost are
 * zero, so no total changes.
 */
export function priceOf(
  row: LedgerRow,
  price: { readonly micros: number; readonly currency: string },
  at: Date,
): LedgerRow {
  return {
    ...row,
    events: 0,
    quantity: 0,
    cost_micros: 0,
    twilio_price_micros: price.micros,
    twilio_currency: price.currency,
    recorded_at: at,
  };
}

function correction(row: LedgerRow, by: Pick<LedgerRow, "events" | "quantity">, at: Date): LedgerRow {
  return {
    ...row,
    ...by,
    // Added to zero, since a price of nothing times fewer is -0.
    cost_micros: 0 + row.unit_cost_micros * by.quantity,
    corrects: ledgerRowId(row.twilio_sid, row.kind),
    day: dayIn(row.time_zone, at),
    utc_day: utcDay(at),
    recorded_at: at,
  };
}
