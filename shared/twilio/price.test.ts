import { expect, test } from "vitest";
import { priceOf } from "./price.ts";

test.each([
  ["-0.00750", "USD", { micros: 7_500, currency: "USD" }],
  ["-0.01300", "usd", { micros: 13_000, currency: "USD" }],
  ["0.00790", "USD", { micros: -7_900, currency: "USD" }],
  ["0", "USD", { micros: 0, currency: "USD" }],
  [null, "USD", undefined],
  ["-0.00750", null, undefined],
  ["dear", "USD", undefined],
])("the price %j in %j is %j", (price, unit, expected) => {
  expect(priceOf(price, unit)).toEqual(expected);
});
