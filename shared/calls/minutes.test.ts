import { expect, test } from "vitest";
import { billableMinutes } from "./minutes.ts";

test.each([
  ["completed", 1, 1],
  ["completed", 60, 1],
  ["completed", 61, 2],
  ["completed", 3_600, 60],
  ["completed", 0, 0],
  ["completed", null, 0],
  ["in-progress", 61, 0],
  ["no-answer", 30, 0],
  ["busy", 30, 0],
] as const)(
  "a call that is %s after %s seconds is charged %d minutes",
  (state, duration_seconds, minutes) => {
    expect(billableMinutes({ state, duration_seconds })).toBe(minutes);
  },
);
