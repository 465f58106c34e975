import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createTimers } from "./timers.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("does not fire early when the wait is longer than a timer can be", () => {
  const act = vi.fn();
  const days = 24 * 3_600_000;
  createTimers().after(30 * days, act);
  vi.advanceTimersByTime(29 * days);
  expect(act).not.toHaveBeenCalled();
  vi.advanceTimersByTime(days);
  expect(act).toHaveBeenCalledOnce();
});

test("tells a pause that has passed from one that was cut short", async () => {
  const timers = createTimers();
  const passed = timers.pause(10);
  vi.advanceTimersByTime(10);
  const cutShort = timers.pause(1_000_000);
  timers.clear();
  expect([await passed, await cutShort]).toEqual([true, false]);
});

test("forgets everything at once when cleared, and works on", () => {
  const timers = createTimers();
  const [forgotten, later] = [vi.fn(), vi.fn()];
  timers.after(10, forgotten);
  timers.clear();
  timers.after(10, later);
  vi.advanceTimersByTime(10);
  expect(forgotten).not.toHaveBeenCalled();
  expect(later).toHaveBeenCalledOnce();
});

test("takes nothing new once it is closed", async () => {
  const timers = createTimers();
  timers.close();
  timers.after(10, vi.fn());
  expect(await timers.pause(10)).toBe(false);
  expect(vi.getTimerCount()).toBe(0);
});
