import { describe, expect, test } from "vitest";
import { type AskedSpan, wantedSpan } from "./wanted-span.ts";

const NOW = new Date("2026-05-04T20:00:00Z");
const MORNING = new Date("2026-05-05T09:00:00Z");
const NEXT_MORNING = new Date("2026-05-06T09:00:00Z");
const anyTime = (at: Date) => at;
const fromTheMorning = (at: Date) => (at < MORNING ? MORNING : at);
const span = (asked: AskedSpan, mayGo = anyTime) => wantedSpan(asked, { now: NOW, mayGo });

test("what nothing is said of goes now, and is wanted for a day", () => {
  expect(span({})).toEqual({ sendAt: null, expiresAt: new Date("2026-05-05T20:00:00Z") });
});

test("the day begins when the salon's hours let it go", () => {
  expect(span({}, fromTheMorning)).toEqual({ sendAt: null, expiresAt: NEXT_MORNING });
});

test("what is for later is wanted for a day from then on", () => {
  expect(span({ sendAt: MORNING })).toEqual({ sendAt: MORNING, expiresAt: NEXT_MORNING });
});

test("a time that has passed is now", () => {
  expect(span({ sendAt: new Date("2026-05-04T19:00:00Z") }).sendAt).toBeNull();
});

test("an end that its sender names stands", () => {
  expect(span({ expiresAt: MORNING }).expiresAt).toEqual(MORNING);
});

test("90 days ahead and 7 days wanted are the most", () => {
  const sendAt = new Date("2026-08-02T20:00:00Z");
  const expiresAt = new Date("2026-08-09T20:00:00Z");
  expect(span({ sendAt, expiresAt })).toEqual({ sendAt, expiresAt });
});

describe("refused by the field's name", () => {
  test.each<[string, AskedSpan, string]>([
    ["a time 90 days and a second away", { sendAt: new Date("2026-08-02T20:00:01Z") }, "send_at"],
    ["an end that is now", { expiresAt: NOW }, "expires_at"],
    ["an end at the time it goes", { sendAt: MORNING, expiresAt: MORNING }, "expires_at"],
    ["an end a week and a second later", { expiresAt: new Date("2026-05-11T20:00:01Z") }, "expires_at"],
  ])("%s", (_, asked, field) => {
    expect(() => span(asked)).toThrow(
      expect.objectContaining({ code: "invalid-argument", context: { field } }),
    );
  });

  test("an end before the salon's hours let it go", () => {
    const asked = { expiresAt: MORNING };
    expect(() => span(asked, fromTheMorning)).toThrow(
      expect.objectContaining({ code: "invalid-argument", context: { field: "expires_at" } }),
    );
  });
});
