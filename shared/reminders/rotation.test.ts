import { describe, expect, test } from "vitest";
import { isFurther, nextPass, type Pass } from "./progress.ts";
import { rotationReminder } from "./rotation.ts";

type Credentials = Parameters<typeof rotationReminder>[0];
const auth_token = { ciphertext: "c2VhbGVk", data_key: "a2V5", nonce: "bm9uY2U=" };
const rotated = new Date("2026-08-24T10:00:00Z");
const judged = (now: string, twilio: Partial<Credentials> = { configured_at: rotated }) =>
  rotationReminder({ auth_token, configured_at: null, rotated_at: null, ...twilio }, new Date(now));

describe("credentials", () => {
  test.each([
    ["2026-08-24T10:00:00Z", "none", undefined],
    ["2026-11-07T09:59:59Z", "none", undefined],
    ["2026-11-07T10:00:00Z", "soon", 75],
    ["2026-11-17T09:59:59Z", "soon", 75],
    ["2026-11-17T10:00:00Z", "due", 85],
    ["2026-11-22T09:59:59Z", "due", 85],
    ["2026-11-22T10:00:00Z", "overdue", 90],
    ["2027-06-01T10:00:00Z", "overdue", 90],
  ] as const)("of 24 August are at %s: %s", (now, level, threshold) => {
    expect(judged(now)).toEqual({
      rotation: { due_at: new Date("2026-11-22T10:00:00Z"), last_rotated_at: rotated, level },
      threshold,
    });
  });

  test("count from their last rotation, and until there was one from the day they were entered", () => {
    const configured_at = new Date("2026-01-01T00:00:00Z");
    expect(judged("2026-08-25T00:00:00Z", { configured_at, rotated_at: rotated })?.rotation.level).toBe(
      "none",
    );
    expect(judged("2026-08-25T00:00:00Z", { configured_at })?.rotation.level).toBe("overdue");
  });

  test("that are not there, or of unknown age, are nobody's concern", () => {
    expect(judged("2026-12-01T00:00:00Z", { configured_at: rotated, auth_token: null })).toBeUndefined();
    expect(judged("2026-12-01T00:00:00Z", {})).toBeUndefined();
  });
});

describe("a pass over all salons", () => {
  const now = new Date("2026-11-22T03:00:00Z");
  const pass: Pass = { day: "2026-11-22", after: "salon-b", finished: false, updated_at: now };
  const begun = { day: "2026-11-22", after: null, finished: false, updated_at: now };

  test("begins once a day", () => {
    expect(nextPass(undefined, "2026-11-22", now)).toEqual(begun);
    expect(nextPass({ ...pass, day: "2026-11-21", finished: true }, "2026-11-22", now)).toEqual(begun);
    expect(nextPass({ ...pass, finished: true }, "2026-11-22", now)).toBeUndefined();
  });

  test("that was interrupted goes on where it was, on another day too", () => {
    expect(nextPass(pass, "2026-11-22", now)).toBe(pass);
    expect(nextPass(pass, "2026-11-23", now)).toBe(pass);
  });

  test.each<[boolean, string, Partial<Pass>]>([
    [true, "the next page", { after: "salon-c" }],
    [true, "the end", { finished: true }],
    [true, "the next day", { day: "2026-11-23", after: null }],
    [false, "an earlier page", { after: "salon-a" }],
    [false, "the same page", {}],
    [false, "an earlier day", { day: "2026-11-21", after: "salon-z", finished: true }],
  ])("moves on: %s, to %s", (moves, _where, next) => {
    expect(isFurther(pass, { ...pass, ...next })).toBe(moves);
  });

  test("that has finished stays finished when a slower worker comes to its pages", () => {
    expect(isFurther({ ...pass, finished: true }, { ...pass, after: "salon-c" })).toBe(false);
  });
});
