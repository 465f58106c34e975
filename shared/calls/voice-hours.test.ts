import { describe, expect, test } from "vitest";
import { Salon } from "#shared/salons/salon.ts";
import { closedNow, spokenHours } from "./voice-hours.ts";

const WEEKDAYS = { opens: "10:00", closes: "19:30" };
/** In no order, as Firestore may give them back. */
const HOURS = {
  saturday: { opens: "11:00", closes: "15:00" },
  tuesday: WEEKDAYS,
  monday: WEEKDAYS,
  wednesday: WEEKDAYS,
  friday: WEEKDAYS,
  thursday: WEEKDAYS,
};
const salon = (rest: object = {}) => Salon.parse({ name: "Lotus", hours: HOURS, ...rest });
/** By the clock in India. */
const at = (time: string) => new Date(`2026-11-${time}:00+05:30`);
const MONDAY_NOON = at("23T12:00");
const SATURDAY_EVENING = at("28T18:00");

describe("a week is told with days of the same hours together", () => {
  test("in English", () => {
    expect(spokenHours(salon(), "en", MONDAY_NOON)).toEqual([
      "We are open now.",
      "Monday to Friday from 10 am to 7:30 pm.",
      "Saturday from 11 am to 3 pm.",
      "Sunday closed.",
    ]);
  });

  test("in Hindi", () => {
    expect(spokenHours(salon(), "hi", MONDAY_NOON)).toEqual([
      "हम अभी खुले हैं।",
      "सोमवार से शुक्रवार सुबह 10 बजे से शाम 7:30 बजे तक।",
      "शनिवार सुबह 11 बजे से दोपहर 3 बजे तक।",
      "रविवार बंद।",
    ]);
  });

  test("in Telugu", () => {
    expect(spokenHours(salon(), "te", MONDAY_NOON)).toEqual([
      "మేము ఇప్పుడు తెరిచి ఉన్నాము.",
      "సోమవారం నుండి శుక్రవారం వరకు ఉదయం 10 గంటల నుండి సాయంత్రం 7:30 గంటల వరకు.",
      "శనివారం ఉదయం 11 గంటల నుండి మధ్యాహ్నం 3 గంటల వరకు.",
      "ఆదివారం సెలవు.",
    ]);
  });

  test("two days are named both, and a day without end says so", () => {
    const day = { opens: "00:00", closes: "00:00" };
    const hours = { monday: day, tuesday: day, saturday: { opens: "18:00", closes: "02:00" } };
    expect(spokenHours(salon({ hours }), "en", MONDAY_NOON).slice(1)).toEqual([
      "Monday and Tuesday around the clock.",
      "Wednesday to Friday closed.",
      "Saturday from 6 pm to 2 am.",
      "Sunday closed.",
    ]);
  });

  test("and where none are listed, that is said", () => {
    expect(spokenHours(salon({ hours: {} }), "en", MONDAY_NOON)).toEqual([
      "Our opening hours are not listed.",
    ]);
  });
});

describe("who calls a closed salon is told when it opens", () => {
  test.each([
    [at("23T08:00"), "today at 10 am"],
    [at("23T23:30"), "tomorrow at 10 am"],
    [SATURDAY_EVENING, "on Monday at 10 am"],
  ])("%s: %s", (now, when) => {
    expect(closedNow(salon(), "en", now)).toBe(`We are closed now. We open again ${when}.`);
    expect(spokenHours(salon(), "en", now)[0]).toBe(`We are closed now. We open again ${when}.`);
  });

  test("by the salon's clock, not by ours", () => {
    const inNewYork = salon({ time_zone: "America/New_York" });
    expect(closedNow(inNewYork, "en", new Date("2026-11-24T03:00:00Z"))).toContain("tomorrow at 10 am");
  });

  test("in Hindi and Telugu", () => {
    expect(closedNow(salon(), "hi", SATURDAY_EVENING)).toBe("हम अभी बंद हैं। हम सोमवार को सुबह 10 बजे फिर खुलेंगे।");
    expect(closedNow(salon(), "te", at("23T08:00"))).toBe(
      "మేము ఇప్పుడు మూసి ఉన్నాము. మేము ఈ రోజు ఉదయం 10 గంటలకు మళ్ళీ తెరుస్తాము.",
    );
  });
});
