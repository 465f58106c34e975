import { describe, expect, test } from "vitest";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { afterBlock, afterUnblock, afterUse, chooseThread, isFreeFor, Thread } from "./thread.ts";

const NOW = new Date("2026-11-02T04:30:00Z");
const DAY = 86_400;
const days = (count: number) => plusSeconds(NOW, count * DAY);
const us = SalonId.parse("salon-anjali");
const them = SalonId.parse("salon-bina");
const unused = (number_id = "number-1") => Thread.parse({ number_id, party: "party" });

describe("a shared number is free for a salon", () => {
  test.each([
    ["that nobody has used", unused(), true],
    ["that it uses itself", afterUse(unused(), us, days(-1)), true],
    ["that another uses", afterUse(unused(), them, days(-1)), false],
    ["that another used 30 days ago", afterUse(unused(), them, days(-30)), true],
    ["that another used a second less ago", afterUse(unused(), them, plusSeconds(days(-30), 1)), false],
    ["that was blocked", afterBlock(unused(), days(-1)), false],
    ["of its own that was blocked", afterBlock(afterUse(unused(), us, days(-2)), days(-1)), false],
    ["that was blocked and opened", afterUnblock(afterBlock(unused(), days(-2)), days(-1)), true],
  ])("%s: %#", (_, thread, free) => {
    expect(isFreeFor(thread, us, NOW)).toBe(free);
  });
});

describe("of several numbers", () => {
  const own = (number_id: string, day: number) => afterUse(unused(number_id), us, days(day));

  test("the one that the salon uses already is taken, the latest used before the others", () => {
    const threads = [unused("1"), own("2", -40), own("3", -3)];
    expect(chooseThread(threads, us, NOW)?.number_id).toBe("3");
  });

  test("the first free one is taken when it uses none", () => {
    const threads = [
      afterUse(unused("1"), them, NOW),
      afterBlock(unused("2"), NOW),
      unused("3"),
      unused("4"),
    ];
    expect(chooseThread(threads, us, NOW)?.number_id).toBe("3");
  });

  test("none is taken when none is free", () => {
    expect(chooseThread([afterUse(unused(), them, NOW)], us, NOW)).toBeUndefined();
    expect(chooseThread([], us, NOW)).toBeUndefined();
  });
});

describe("blocking", () => {
  test("keeps the first STOP's time, and nothing older or repeated changes it", () => {
    const blocked = afterBlock(afterBlock(unused(), days(1)), days(2));
    expect(blocked.blocked_at).toEqual(days(1));
    expect(afterUnblock(blocked, days(2))).toBe(blocked);
    expect(afterBlock(blocked, days(2))).toBe(blocked);
  });

  test("is not undone by a late STOP after START", () => {
    const open = afterUnblock(unused(), days(2));
    expect(afterBlock(open, days(1))).toBe(open);
  });
});

test("expires 180 days after its last use, and not while it blocks", () => {
  const used = afterUse(unused(), us, NOW);
  expect(used.expires_at).toEqual(days(180));
  const blocked = afterBlock(used, days(1));
  expect(blocked.expires_at).toBeNull();
  expect(afterUse(blocked, us, days(2)).expires_at).toBeNull();
  expect(afterUnblock(blocked, days(3)).expires_at).toEqual(days(183));
});
