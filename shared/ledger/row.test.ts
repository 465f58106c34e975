import { describe, expect, it } from "vitest";
import { SalonId } from "#shared/core/ids.ts";
import { type RateCard, rateCardOn } from "./rate-card.ts";
import {
  type BillableEvent,
  LedgerRow,
  ledgerRow,
  ledgerRowId,
  priceOf,
  recountOf,
  reversalOf,
} from "./row.ts";

const event: BillableEvent = {
  salonId: SalonId.parse("salon-1"),
  kind: "sms_outbound",
  quantity: 3,
  twilioSid: `SM${"a".repeat(32)}`,
  account: "fingerprint",
  billedTo: "platform",
  timeZone: "Asia/Kolkata",
  at: new Date("2026-11-30T19:00:00Z"),
};

describe("ledger rows", () => {
  it.each([
    ["sms_outbound", 3, 600_000],
    ["whatsapp_outbound", 1, 500_000],
    ["voice_inbound", 2, 200_000],
    ["voice_outbound", 2, 300_000],
    ["sms_inbound", 1, 0],
    ["whatsapp_inbound", 1, 0],
  ] as const)("prices %s × %i at %i micros", (kind, quantity, micros) => {
    expect(ledgerRow({ ...event, kind, quantity }).cost_micros).toBe(micros);
  });

  it("costs who uses their own Twilio account nothing, and still counts it", () => {
    const row = ledgerRow({ ...event, billedTo: "own_account" });
    expect([row.quantity, row.cost_micros, row.unit_cost_micros]).toEqual([3, 0, 0]);
  });

  it("is dated by the salon's day and by GMT's, which differ at night", () => {
    const row = ledgerRow(event);
    expect([row.day, row.utc_day, row.time_zone]).toEqual(["2026-12-01", "2026-11-30", "Asia/Kolkata"]);
  });

  it("is a stored document as it stands, with nothing personal in it", () => {
    expect(LedgerRow.parse(ledgerRow(event))).toEqual(ledgerRow(event));
    expect(JSON.stringify(ledgerRow(event))).not.toMatch(/\+\d{7}/);
  });

  it("is taken back at the price it was written with, under an id of its own", () => {
    const row = ledgerRow(event);
    const reversal = reversalOf(row, new Date("2026-12-03T00:00:00Z"));
    expect(row.cost_micros + reversal.cost_micros).toBe(0);
    expect(row.quantity + reversal.quantity).toBe(0);
    expect(reversal.corrects).toBe(ledgerRowId(event.twilioSid, "sms_outbound"));
    expect(reversal.day).toBe("2026-12-03");
    expect(ledgerRowId(event.twilioSid, "sms_outbound", "reversal")).not.toBe(reversal.corrects);
    expect(row.events + reversal.events).toBe(0);
  });

  it.each([
    [5, 2, 400_000],
    [1, -2, -400_000],
  ])("is recounted to %i segments by what differs, as the same message", (counted, quantity, cost_micros) => {
    const recount = recountOf(ledgerRow(event), counted, new Date("2026-12-03T00:00:00Z"));
    expect(recount).toMatchObject({ events: 0, quantity, cost_micros, day: "2026-12-03" });
    expect(LedgerRow.parse(recount)).toEqual(recount);
  });

  it("is recounted for nothing where it cost nothing", () => {
    const recount = recountOf(ledgerRow({ ...event, billedTo: "own_account" }), 1, event.at);
    expect(recount.cost_micros).toBe(0);
  });

  it("has Twilio's price beside it, on its own day, and charged to nobody", () => {
    const at = new Date("2026-12-03T00:00:00Z");
    const price = priceOf(ledgerRow(event), { micros: 7_900, currency: "USD" }, at);
    expect(price).toMatchObject({
      events: 0,
      quantity: 0,
      cost_micros: 0,
      day: "2026-12-01",
      recorded_at: at,
    });
    expect(price).toMatchObject({ twilio_price_micros: 7_900, twilio_currency: "USD", corrects: null });
    expect(LedgerRow.parse(price)).toEqual(price);
  });
});

describe("rate cards", () => {
  const card = (id: string, from: string): RateCard => ({ ...rateCardOn("2026-06-01"), id, from });
  const cards = [card("old", "2026-02-01"), card("new", "2026-07-01")] as const;

  it("hold from their first day on", () => {
    expect(rateCardOn("2026-06-30", [...cards]).id).toBe("old");
    expect(rateCardOn("2026-07-01", [...cards]).id).toBe("new");
    expect(rateCardOn("2025-01-01", [...cards]).id).toBe("old");
  });
});
