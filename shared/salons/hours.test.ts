import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { printCount } from "#scripts/testing/print-count.ts";
import { openingAfter, quietUntil, sendableAt, type Timing } from "./hours.ts";
import { Salon, Weekday } from "./salon.ts";

const NIGHT = { from: "21:00", until: "09:00" };
const DAYTIME = { opens: "10:00", closes: "19:00" };

function salon(changes: Record<string, unknown> = {}, quiet_hours: unknown = NIGHT): Salon {
  return Salon.parse({ name: "Anjali's", ...changes, communication: { quiet_hours } });
}
/** 2 November 2026 is a Monday. */
const at = (text: string) => new Date(text);
const opening = (hours: unknown, time_zone: string, from: string) =>
  openingAfter(salon({ hours, time_zone }), at(from)).toISOString().replace(":00.000Z", "Z");
const quiet = (quiet_hours: unknown, time_zone: string, from: string) =>
  quietUntil(salon({ time_zone }, quiet_hours), at(from))?.toISOString().replace(":00.000Z", "Z");

describe("a salon's next opening", () => {
  const week = { monday: DAYTIME, wednesday: DAYTIME };

  test.each([
    ["before it opens", "2026-11-02T03:00:30Z", "2026-11-02T04:30Z"],
    ["at the minute it opens", "2026-11-02T04:30:00Z", "2026-11-02T04:30Z"],
    ["on the day after", "2026-11-03T05:00:00Z", "2026-11-04T04:30Z"],
    ["at the minute it closes", "2026-11-02T13:30:00Z", "2026-11-04T04:30Z"],
    ["in the next week", "2026-11-04T14:00:00Z", "2026-11-09T04:30Z"],
  ])("%s, in Kolkata", (_, from, next) => {
    expect(opening(week, "Asia/Kolkata", from)).toBe(next);
  });

  test("is now, to the second, while it is open", () => {
    const open = at("2026-11-02T13:29:59.999Z");
    expect(openingAfter(salon({ hours: week }), open)).toEqual(open);
  });

  test("is now for a salon that lists no hours", () => {
    const night = at("2026-11-02T20:11:12.013Z");
    expect(openingAfter(salon(), night)).toEqual(night);
  });

  test.each([
    ["before midnight", "2026-11-06T17:00:00Z", "2026-11-06T17:00Z"],
    ["after midnight, on a day without hours", "2026-11-06T20:29:00Z", "2026-11-06T20:29Z"],
    ["when the night is over", "2026-11-06T20:30:00Z", "2026-11-13T16:30Z"],
  ])("with hours from 22:00 to 02:00 on Friday: %s", (_, from, next) => {
    expect(opening({ friday: { opens: "22:00", closes: "02:00" } }, "Asia/Kolkata", from)).toBe(next);
  });

  test("with Sunday's hours past midnight reaches into the next week's Monday", () => {
    const hours = { sunday: { opens: "22:00", closes: "02:00" } };
    expect(opening(hours, "Asia/Kolkata", "2026-11-01T19:00:00Z")).toBe("2026-11-01T19:00Z");
  });

  test("with hours from a time to itself is open all day", () => {
    const hours = { monday: { opens: "08:00", closes: "08:00" } };
    expect(opening(hours, "UTC", "2026-11-03T07:59:00Z")).toBe("2026-11-03T07:59Z");
    expect(opening(hours, "UTC", "2026-11-03T08:00:00Z")).toBe("2026-11-09T08:00Z");
  });

  test.each([
    ["an hour earlier once clocks went forward", "2026-03-07T20:00:00Z", "2026-03-08T13:00Z"],
    ["an hour later once clocks went back", "2026-10-31T20:00:00Z", "2026-11-01T14:00Z"],
  ])("in New York is %s", (_, from, next) => {
    expect(opening({ sunday: { opens: "09:00", closes: "17:00" } }, "America/New_York", from)).toBe(next);
  });

  test("in New York, at a time that clocks skip, is when they skip it", () => {
    const hours = { sunday: { opens: "02:30", closes: "17:00" } };
    expect(opening(hours, "America/New_York", "2026-03-08T05:00:00Z")).toBe("2026-03-08T07:00Z");
  });
});

describe("quiet hours", () => {
  test.each([
    ["in the evening", "2026-11-02T15:30:00Z", "2026-11-03T03:30Z"],
    ["after midnight", "2026-11-02T20:00:00Z", "2026-11-03T03:30Z"],
    ["just before they end", "2026-11-03T03:29:59Z", "2026-11-03T03:30Z"],
    ["when they have ended", "2026-11-03T03:30:00Z", undefined],
    ["just before they begin", "2026-11-02T15:29:59Z", undefined],
  ])("in Kolkata %s", (_, from, end) => {
    expect(quiet(NIGHT, "Asia/Kolkata", from)).toBe(end);
  });

  test("may lie within a day", () => {
    expect(quiet({ from: "12:00", until: "14:00" }, "UTC", "2026-11-02T13:00:00Z")).toBe("2026-11-02T14:00Z");
    expect(quiet({ from: "12:00", until: "14:00" }, "UTC", "2026-11-02T14:00:00Z")).toBeUndefined();
  });

  test.each([[null], [{ from: "09:00", until: "09:00" }]])("are none with %j", (none) => {
    expect(quiet(none, "UTC", "2026-11-02T09:00:00Z")).toBeUndefined();
  });
});

describe("what may be sent", () => {
  const open = salon({ hours: { monday: DAYTIME, tuesday: DAYTIME } });
  const night = at("2026-11-02T20:00:00Z");

  test.each<[Timing, string, string | null]>([
    ["any_time", "2026-11-02T20:00:00.000Z", null],
    ["no_quiet_hours", "2026-11-03T03:30:00.000Z", "quiet_hours"],
    ["business_hours", "2026-11-03T04:30:00.000Z", "business_hours"],
  ])("at night: %s waits until %s for %s", (timing, until, reason) => {
    expect(sendableAt({ salon: open, timing, at: night })).toEqual({ at: at(until), reason });
  });

  test.each<Timing>(["any_time", "no_quiet_hours", "business_hours"])("by day %s does not wait", (timing) => {
    const day = at("2026-11-02T06:00:30Z");
    expect(sendableAt({ salon: open, timing, at: day })).toEqual({ at: day, reason: null });
  });
});

/** The clock on the wall as the platform's own library shows it, in minutes since Monday began. */
const formats = new Map<string, Intl.DateTimeFormat>();
function wallClock(zone: string, time: number): { day: number; minute: number } {
  const options = { weekday: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" } as const;
  const format = formats.get(zone) ?? new Intl.DateTimeFormat("en-US", { ...options, timeZone: zone });
  formats.set(zone, format);
  const [weekday = "", clock = ""] = format.format(time).split(/,? /);
  const [hour = 0, minute = 0] = clock.split(":").map(Number);
  return {
    day: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].indexOf(weekday),
    minute: hour * 60 + minute,
  };
}

/** Said again in other words: a day's own hours until midnight, and what is left of the day before's. */
function isSendable({ hours, communication, time_zone }: Salon, timing: Timing, time: number): boolean {
  const { day, minute } = wallClock(time_zone, time);
  const clock = `${String(Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}`;
  if (timing === "no_quiet_hours") {
    const { from, until } = communication.quiet_hours ?? { from: "", until: "" };
    if (from === until) return true;
    return from < until ? clock < from || clock >= until : clock < from && clock >= until;
  }
  if (timing === "any_time" || Object.keys(hours).length === 0) return true;
  const today = hours[Weekday.options[day] ?? "monday"];
  const before = hours[Weekday.options[(day + 6) % 7] ?? "monday"];
  const isOpenToday =
    today !== undefined && clock >= today.opens && (today.closes <= today.opens || clock < today.closes);
  return isOpenToday || (before !== undefined && before.closes <= before.opens && clock < before.closes);
}

test("is never before what was asked, always sendable, and not a minute too late, in any zone and over its changes", () => {
  const MINUTE = 60_000;
  /** Zones, and when their clocks are changed; Kolkata's never are. */
  const zones: [string, string[]][] = [
    ["America/New_York", ["2026-03-08T07:00Z", "2026-11-01T06:00Z"]],
    ["America/St_Johns", ["2026-03-08T05:30Z", "2026-11-01T04:30Z"]],
    ["America/Santiago", ["2026-04-05T03:00Z", "2026-09-06T04:00Z"]],
    ["Europe/London", ["2026-03-29T01:00Z", "2026-10-25T01:00Z"]],
    ["Africa/Casablanca", ["2026-02-15T02:00Z", "2026-03-22T02:00Z"]],
    ["Australia/Lord_Howe", ["2026-04-04T15:00Z", "2026-10-03T15:30Z"]],
    ["Asia/Kolkata", ["2026-03-08T07:00Z", "2026-11-01T06:00Z"]],
  ];
  const places = zones.flatMap(([zone, changes]) =>
    changes.map((text) => ({ zone, change: Date.parse(text) })),
  );
  const time = fc
    .integer({ min: 0, max: 24 * 60 - 1 })
    .map((minute) => new Date(minute * MINUTE).toISOString().slice(11, 16));
  const early = fc
    .integer({ min: 0, max: 4 * 60 })
    .map((minute) => new Date(minute * MINUTE).toISOString().slice(11, 16));
  const clock = fc.oneof(time, early);
  const hours = fc.dictionary(
    fc.constantFrom(...Weekday.options),
    fc.record({ opens: clock, closes: clock }),
    { minKeys: 0, maxKeys: 7 },
  );
  const before = fc.integer({ min: -36 * 3_600_000, max: 6 * 3_600_000 });
  const counts = { cases: 0, waited: 0, changed: 0, minutes: 0 };
  fc.assert(
    fc.property(
      fc.constantFrom(...places),
      hours,
      fc.option(fc.record({ from: clock, until: clock })),
      fc.constantFrom<Timing>("business_hours", "business_hours", "no_quiet_hours", "any_time"),
      before,
      ({ zone, change }, open, quiet_hours, timing, offset) => {
        const from = change + offset;
        const subject = salon({ hours: open, time_zone: zone }, quiet_hours);
        const asked = new Date(from);
        const { at: found, reason } = sendableAt({ salon: subject, timing, at: asked });
        expect(found.getTime()).toBeGreaterThanOrEqual(from);
        expect(isSendable(subject, timing, found.getTime())).toBe(true);
        expect(reason === null).toBe(found.getTime() === from);
        for (let each = from; each < found.getTime(); each = each - (each % MINUTE) + MINUTE) {
          if (isSendable(subject, timing, each)) expect.fail(`sendable at ${new Date(each).toISOString()}`);
          counts.minutes += 1;
        }
        counts.cases += 1;
        if (reason !== null) counts.waited += 1;
        if (from < change && found.getTime() >= change) counts.changed += 1;
      },
    ),
    { numRuns: 200 },
  );
  printCount(`sendable times, cases and minutes looked at: ${JSON.stringify(counts)}`);
}, 30_000);
