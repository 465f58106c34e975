import { expect, test } from "vitest";
import { backoffSeconds } from "./backoff.ts";

test.each([
  [1, 16],
  [2, 31],
  [3, 61],
  [4, 121],
  [6, 481],
  [7, 901],
  [99, 901],
  [100, 3_601],
  [10_000, 3_601],
])("before attempt %d's successor there are at most %d seconds, and at least one", (attempt, most) => {
  expect(backoffSeconds(attempt, () => 0)).toBe(1);
  expect(backoffSeconds(attempt, () => 1)).toBe(most);
});
