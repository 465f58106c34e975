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
  /** Messages (WhatsApp), segments (SMS) or started minutes (voice); negative in a correction. */
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
  /** Set in a correction: the row it takes back. */
  corrects: z.string().nullable(),
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

/** The id of a row: the same event can be written only once. */
export function ledgerRowId(twilioSid: string, kind: UsageKind, correction?: "reversal"): string {
  return correction === undefined ? `${twilioSid}_${kind}` : `${twilioSid}_${kind}_${correction}`;
}

/** Prices an event by the card of its day. Who uses their own Twilio account pays Twilio and not us. */
export function ledgerRow(event: BillableEvent): LedgerRow {
  const day = dayIn(event.timeZone, event.at);
  const card = rateCardOn(day);
  const unitCost = event.billedTo === "platform" ? card.unit_cost_micros[event.kind] : 0;
  return {
    salon_id: event.salonId,
    kind: event.kind,
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
    day,
    utc_day: utcDay(event.at),
    time_zone: event.timeZone,
    recorded_at: event.at,
  };
}

/** Takes a row back, at the price it was written with, on the day it is taken back. */
export function reversalOf(row: LedgerRow, at: Date): LedgerRow {
  return {
    ...row,
    quantity: -row.quantity,
    cost_micros: -row.cost_micros,
    corrects: ledgerRowId(row.twilio_sid, row.kind),
    day: dayIn(row.time_zone, at),
    utc_day: utcDay(at),
    recorded_at: at,
  };
}
