import { describe, expect, test } from "vitest";
import { outboundMessage } from "#scripts/testing/outbound-message.ts";
import { Salon } from "#shared/salons/salon.ts";
import { mayGoAt } from "./may-go.ts";
import type { OutboundMessage } from "./message.ts";

const day = { opens: "10:00", closes: "20:00" };
const salonWith = (changes: object = {}, communication: object = {}) =>
  Salon.parse({
    name: "Anjali's Salon",
    time_zone: "Asia/Kolkata",
    hours: { monday: day, tuesday: day, wednesday: day, thursday: day, friday: day, saturday: day },
    communication: { quiet_hours: { from: "21:00", until: "09:00" }, ...communication },
    ...changes,
  });
/** A wall clock in India, in the week that begins on Monday, 2 November 2026. */
const india = (date: string, time: string) => new Date(`2026-11-${date}T${time}:00+05:30`);
const MARKETING = { timing: "no_quiet_hours" } as const;

function goes(changes: Partial<OutboundMessage>, at: Date, salon = salonWith()) {
  const { at: then, reason } = mayGoAt(salon, outboundMessage(changes), at);
  return [then, reason];
}

describe("a WhatsApp message of a salon that sends them only while it is open", () => {
  test("waits for the opening, over the Sunday too", () => {
    const whatsapp = { channel: "whatsapp" } as const;
    expect(goes(whatsapp, india("02", "12:00"))).toEqual([india("02", "12:00"), null]);
    expect(goes(whatsapp, india("02", "20:05"))).toEqual([india("03", "10:00"), "business_hours"]);
    expect(goes(whatsapp, india("07", "20:05"))).toEqual([india("09", "10:00"), "business_hours"]);
  });

  test("keeps to the quiet hours beside that", () => {
    const offer = { channel: "whatsapp", ...MARKETING } as const;
    const alwaysOpen = salonWith({ hours: {} });
    expect(goes(offer, india("02", "23:00"), alwaysOpen)).toEqual([india("03", "09:00"), "quiet_hours"]);
    const late = { opens: "08:00", closes: "23:30" };
    const openLate = salonWith({ hours: { monday: late, tuesday: late } });
    expect(goes(offer, india("02", "22:00"), openLate)).toEqual([india("03", "09:00"), "quiet_hours"]);
    expect(goes(offer, india("03", "22:00"), openLate)).toEqual([india("09", "09:00"), "quiet_hours"]);
  });

  test("keeps to the quiet hours where it could never keep to both", () => {
    const night = { opens: "22:00", closes: "02:00" };
    const bar = salonWith({ hours: { friday: night } });
    expect(goes({ channel: "whatsapp", ...MARKETING }, india("02", "23:00"), bar)).toEqual([
      india("03", "09:00"),
      "quiet_hours",
    ]);
  });

  test("goes at any hour where the salon has switched that off", () => {
    const salon = salonWith({}, { whatsapp_business_hours_only: false });
    expect(goes({ channel: "whatsapp" }, india("02", "23:00"), salon)).toEqual([india("02", "23:00"), null]);
  });
});

test("an SMS keeps to its own timing alone", () => {
  expect(goes({}, india("02", "23:00"))).toEqual([india("02", "23:00"), null]);
  expect(goes(MARKETING, india("02", "23:00"))).toEqual([india("03", "09:00"), "quiet_hours"]);
  expect(goes({ timing: "business_hours" }, india("02", "21:00"))).toEqual([
    india("03", "10:00"),
    "business_hours",
  ]);
});

test.each([{ critical: true }, { purpose: "reply" }, { purpose: "test" }, { purpose: "greeting" }] as const)(
  "what is %o waits for no hour",
  (changes) => {
    const message = { channel: "whatsapp", ...MARKETING, ...changes } as const;
    expect(goes(message, india("08", "23:00"))).toEqual([india("08", "23:00"), null]);
  },
);

test("what may go then may go then: asking again gives the same", () => {
  const offer = outboundMessage({ channel: "whatsapp", ...MARKETING });
  const salon = salonWith();
  for (let hour = 0; hour < 24 * 7; hour += 1) {
    const { at } = mayGoAt(salon, offer, new Date(india("02", "00:00").getTime() + hour * 3_600_000));
    expect(mayGoAt(salon, offer, at)).toEqual({ at, reason: null });
  }
});
