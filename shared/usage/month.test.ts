import { describe, expect, it } from "vitest";
import { monthWithDay, UsageMonth } from "./month.ts";

const now = new Date("2026-11-22T10:00:00Z");
const monday = {
  salonId: "salon-1",
  day: "2026-11-16",
  sums: { sms_outbound: { events: 2, quantity: 3, cost_micros: 600_000 } },
};
const tuesday = {
  salonId: "salon-1",
  day: "2026-11-17",
  sums: {
    sms_outbound: { events: 1, quantity: 1, cost_micros: 200_000 },
    voice_inbound: { events: 1, quantity: 2, cost_micros: 200_000 },
    whatsapp_inbound: { events: 4, quantity: 4, cost_micros: 0 },
  },
};

describe("a month of usage", () => {
  const month = monthWithDay(monthWithDay(undefined, monday, now), tuesday, now);

  it("sums its days, and has the spec's own fields beside", () => {
    expect(month).toMatchObject({
      month: "2026-11",
      totals: {
        sms_outbound: { events: 3, quantity: 4, cost_micros: 800_000 },
        voice_inbound: { events: 1, quantity: 2, cost_micros: 200_000 },
      },
      total_cost_micros: 1_000_000,
      twilio_messages: 3,
      twilio_calls: 1,
      twilio_whatsapp: 4,
      estimated_cost: 1,
    });
    expect(UsageMonth.parse(month)).toEqual(month);
  });

  it("is the same when a day is set twice", () => {
    expect(monthWithDay(month, tuesday, now)).toEqual(month);
  });

  it("follows a day that was corrected downwards, also to nothing", () => {
    expect(monthWithDay(month, { ...tuesday, sums: {} }, now).total_cost_micros).toBe(600_000);
  });
});
