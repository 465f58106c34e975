import { expect, test } from "vitest";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { createFloodLimit } from "./flood-limit.ts";

test("lets a burst through, and then as many as flow in, for each key alone", () => {
  const clock = createMovingClock();
  const may = createFloodLimit({ perMinute: 60, burst: 3 }, clock);
  expect([1, 2, 3, 4, 5].map(() => may("a"))).toEqual([true, true, true, false, false]);
  expect(may("b")).toBe(true);
  clock.pass(2);
  expect([1, 2, 3].map(() => may("a"))).toEqual([true, true, false]);
});

test("is not refilled by being asked while it is empty", () => {
  const clock = createMovingClock();
  const may = createFloodLimit({ perMinute: 60, burst: 1 }, clock);
  expect(may("a")).toBe(true);
  for (let tenth = 0; tenth < 9; tenth += 1) {
    clock.pass(0.1);
    expect(may("a")).toBe(false);
  }
  clock.pass(0.11);
  expect(may("a")).toBe(true);
});

test("holds no more than it has room for, whatever keys it is asked for", () => {
  const clock = createMovingClock();
  const may = createFloodLimit({ perMinute: 60, burst: 1 }, clock);
  for (let key = 0; key < 30_000; key += 1) expect(may(`key ${key}`)).toBe(true);
  // The first was pushed out, so that it starts anew; the last is still known.
  expect([may("key 0"), may("key 29999")]).toEqual([true, false]);
});
