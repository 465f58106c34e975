import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Busy, placesIn, type Wish } from "./places.ts";

const NOW = new Date("2026-11-22T10:00:00.000Z");
const at = (ms: number) => new Date(NOW.getTime() + ms);
const wish = (size: number, changes: Partial<Wish> = {}): Wish => ({
  size,
  mayGoAt: (from) => from,
  before: undefined,
  ...changes,
});
const notBefore = (start: Date) => (from: Date) => (from < start ? start : from);
const busyFrom = (from: number, until: number): Busy => ({
  from: at(from).getTime(),
  until: at(until).getTime(),
});

/** The places of these wishes, in milliseconds from now. */
function delays(busy: readonly Busy[], wishes: readonly Wish[], perSecond = 1) {
  const { places } = placesIn(busy, wishes, { now: NOW, perSecond });
  return places.map((place) => place && place.getTime() - NOW.getTime());
}

describe("places", () => {
  it("of an idle sender begin now, and leave the time that each message's segments take", () => {
    expect(delays([], [wish(3), wish(1), wish(2)])).toEqual([0, 3_000, 4_000]);
    expect(delays([busyFrom(-60_000, -1)], [wish(1)], 0.5)).toEqual([0]);
  });

  it("are whole milliseconds, rounded so that the rate is kept", () => {
    expect(delays([], [wish(1), wish(1), wish(1), wish(1)], 56)).toEqual([0, 18, 36, 54]);
  });

  it("go on behind what is taken, or in a gap that is long enough", () => {
    const busy = [busyFrom(0, 5_000), busyFrom(7_000, 9_000)];
    expect(delays(busy, [wish(1), wish(2), wish(1)])).toEqual([5_000, 9_000, 6_000]);
  });

  it("of a campaign for tomorrow leave today free, and keep their rate tomorrow", () => {
    const tomorrow = notBefore(at(86_400_000));
    const later = placesIn([], [wish(1, { mayGoAt: tomorrow }), wish(1, { mayGoAt: tomorrow })], {
      now: NOW,
      perSecond: 1,
    });
    expect(later.places).toEqual([at(86_400_000), at(86_401_000)]);
    expect(delays(later.busy, [wish(1)])).toEqual([0]);
    expect(delays(later.busy, [wish(1, { mayGoAt: tomorrow })])).toEqual([86_402_000]);
  });

  it("go round the hours in which a message may not go, one behind the other on the other side too", () => {
    const night = (from: Date) => (from >= at(2_000) && from < at(50_000) ? at(50_000) : from);
    const wishes = Array.from({ length: 4 }, () => wish(1, { mayGoAt: night }));
    expect(delays([], wishes)).toEqual([0, 1_000, 50_000, 51_000]);
  });

  it("are refused to who would come too late, and take nothing then", () => {
    const { places, busy } = placesIn([busyFrom(0, 5_000)], [wish(1, { before: at(5_000) }), wish(1)], {
      now: NOW,
      perSecond: 1,
    });
    expect(places).toEqual([undefined, at(5_000)]);
    expect(busy).toEqual([busyFrom(0, 6_000)]);
  });
});

const RATES = fc.constantFrom(0.7, 2.1, 56, 0.33, 1);
const calls = fc.array(
  fc.record({
    /** How much later than the call before it. */
    later: fc.nat(20_000),
    sizes: fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 15 }),
    /** How long its messages have to wait at least. */
    ahead: fc.oneof(fc.constant(0), fc.nat(100_000)),
  }),
  { minLength: 1, maxLength: 8 },
);

/** What a run of calls reserves, with the time of each call. */
function reserveAll(
  run: readonly { later: number; sizes: readonly number[]; ahead: number }[],
  perSecond: number,
) {
  let now = NOW;
  let busy: readonly Busy[] = [];
  return run.flatMap(({ later, sizes, ahead }) => {
    now = new Date(now.getTime() + later);
    const start = new Date(now.getTime() + ahead);
    const wishes = sizes.map((size) => wish(size, { mayGoAt: notBefore(start) }));
    const reserved = placesIn(busy, wishes, { now, perSecond });
    busy = reserved.busy;
    return reserved.places.map((place, index) => ({
      place: place?.getTime() ?? Number.NaN,
      size: sizes[index] ?? 0,
      start: start.getTime(),
    }));
  });
}

describe("whatever is reserved, in however many calls and for whenever", () => {
  it("holds the rate between any two messages, so over any window", () => {
    fc.assert(
      fc.property(calls, RATES, (run, perSecond) => {
        const all = reserveAll(run, perSecond).toSorted((one, other) => one.place - other.place);
        for (let first = 0; first < all.length; first += 1) {
          let segments = 0;
          for (let last = first; last < all.length; last += 1) {
            const seconds = ((all[last]?.place ?? 0) - (all[first]?.place ?? 0)) / 1000;
            // What went before the last one fits into the time that passed; 1e-9 is the error of the division.
            expect(segments).toBeLessThanOrEqual(seconds * perSecond + 1e-9);
            segments += all[last]?.size ?? 0;
          }
        }
      }),
    );
  });

  it("never goes earlier than it may", () => {
    fc.assert(
      fc.property(calls, RATES, (run, perSecond) => {
        for (const { place, start } of reserveAll(run, perSecond)) {
          expect(Number.isInteger(place)).toBe(true);
          expect(place).toBeGreaterThanOrEqual(start);
        }
      }),
    );
  });

  it("leaves no more than 50 gaps on record, and still overlaps nothing", () => {
    const apart = Array.from({ length: 80 }, (_, index) =>
      wish(1, { mayGoAt: notBefore(at(index * 60_000)) }),
    );
    const { busy } = placesIn([], apart, { now: NOW, perSecond: 1 });
    expect(busy).toHaveLength(50);
    for (const [index, { from }] of busy.slice(1).entries())
      expect(from).toBeGreaterThan(busy[index]?.until ?? 0);
    for (let minute = 0; minute < 80; minute += 1) {
      const instant = at(minute * 60_000).getTime();
      expect(busy.some(({ from, until }) => from <= instant && instant < until)).toBe(true);
    }
  });
});
