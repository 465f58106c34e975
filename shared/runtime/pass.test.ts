import { describe, expect, test } from "vitest";
import { isFurther, nextPass, type Pass } from "./pass.ts";

describe("a pass over all salons", () => {
  const now = new Date("2026-11-22T03:00:00Z");
  const pass: Pass = { period: "2026-11-22", after: "salon-b", finished: false, updated_at: now };
  const begun = { period: "2026-11-22", after: null, finished: false, updated_at: now };

  test("begins once a period", () => {
    expect(nextPass(undefined, "2026-11-22", now)).toEqual(begun);
    expect(nextPass({ ...pass, period: "2026-11-21", finished: true }, "2026-11-22", now)).toEqual(begun);
    expect(nextPass({ ...pass, finished: true }, "2026-11-22", now)).toBeUndefined();
  });

  test("that was interrupted goes on where it was, on another day too", () => {
    expect(nextPass(pass, "2026-11-22", now)).toBe(pass);
    expect(nextPass(pass, "2026-11-23", now)).toBe(pass);
  });

  test.each<[boolean, string, Partial<Pass>]>([
    [true, "the next page", { after: "salon-c" }],
    [true, "the end", { finished: true }],
    [true, "the next day", { period: "2026-11-23", after: null }],
    [false, "an earlier page", { after: "salon-a" }],
    [false, "the same page", {}],
    [false, "an earlier day", { period: "2026-11-21", after: "salon-z", finished: true }],
  ])("moves on: %s, to %s", (moves, _where, next) => {
    expect(isFurther(pass, { ...pass, ...next })).toBe(moves);
  });

  test("that has finished stays finished when a slower worker comes to its pages", () => {
    expect(isFurther({ ...pass, finished: true }, { ...pass, after: "salon-c" })).toBe(false);
  });
});
