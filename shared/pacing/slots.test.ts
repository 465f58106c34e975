import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { slotsFrom } from "./slots.ts";

const NOW = new Date("2026-11-22T10:00:00.000Z");
const at = (ms: number) => new Date(NOW.getTime() + ms);
const delays = ({ slots }: { slots: Date[] }) => slots.map((slot) => slot.getTime() - NOW.getTime());

describe("slots", () => {
  it("of an idle sender begin now", () => {
    expect(delays(slotsFrom(undefined, NOW, [1, 1, 1], 0.5))).toEqual([0, 2000, 4000]);
    expect(delays(slotsFrom(at(-60_000), NOW, [1], 0.5))).toEqual([0]);
  });

  it("leave the time that each message's segments take", () => {
    const reserved = slotsFrom(at(5_000), NOW, [3, 1, 2], 1);
    expect(delays(reserved)).toEqual([5_000, 8_000, 9_000]);
    expect(reserved.next).toEqual(at(11_000));
  });

  it("are whole milliseconds, rounded so that the rate is kept", () => {
    expect(delays(slotsFrom(undefined, NOW, [1, 1, 1, 1], 56))).toEqual([0, 18, 36, 54]);
  });
});

const rate = fc.constantFrom(0.7, 2.1, 56, 0.33, 1);
const calls = fc.array(
  fc.record({
    /** How much later than the call before it. */
    later: fc.nat(20_000),
    sizes: fc.array(fc.integer({ min: 1, max: 10 }), { minLength: 1, maxLength: 15 }),
  }),
  { minLength: 1, maxLength: 8 },
);

/** What a run of calls reserves, with the time of each call. */
function reserveAll(run: readonly { later: number; sizes: readonly number[] }[], perSecond: number) {
  let now = NOW;
  let next: Date | undefined;
  return run.flatMap(({ later, sizes }) => {
    now = new Date(now.getTime() + later);
    const reserved = slotsFrom(next, now, sizes, perSecond);
    const freeBefore = next;
    next = reserved.next;
    return reserved.slots.map((slot, index) => ({
      slot: slot.getTime(),
      size: sizes[index] ?? 0,
      calledAt: now.getTime(),
      freeBefore: index === 0 ? freeBefore?.getTime() : undefined,
      isFirst: index === 0,
    }));
  });
}

describe("whatever is reserved, in however many calls", () => {
  it("holds the rate between any two messages, so over any window", () => {
    fc.assert(
      fc.property(calls, rate, (run, perSecond) => {
        const all = reserveAll(run, perSecond);
        for (let first = 0; first < all.length; first += 1) {
          let segments = 0;
          for (let last = first; last < all.length; last += 1) {
            const seconds = ((all[last]?.slot ?? 0) - (all[first]?.slot ?? 0)) / 1000;
            // What went before the last one fits into the time that passed; 1e-9 is the error of the division.
            expect(segments).toBeLessThanOrEqual(seconds * perSecond + 1e-9);
            segments += all[last]?.size ?? 0;
          }
        }
      }),
    );
  });

  it("goes forward and never into the past", () => {
    fc.assert(
      fc.property(calls, rate, (run, perSecond) => {
        const all = reserveAll(run, perSecond);
        for (const [index, { slot, calledAt }] of all.entries()) {
          expect(Number.isInteger(slot)).toBe(true);
          expect(slot).toBeGreaterThanOrEqual(calledAt);
          if (index > 0) expect(slot).toBeGreaterThan(all[index - 1]?.slot ?? 0);
        }
      }),
    );
  });

  it("wastes nothing: a call begins where the one before ended or, when idle, at once", () => {
    fc.assert(
      fc.property(calls, rate, (run, perSecond) => {
        for (const { slot, isFirst, calledAt, freeBefore } of reserveAll(run, perSecond)) {
          if (isFirst) expect([calledAt, freeBefore]).toContain(slot);
          if (isFirst && (freeBefore ?? 0) <= calledAt) expect(slot).toBe(calledAt);
        }
      }),
    );
  });
});
