import { describe, expect, it } from "vitest";
import { dayIn, isZone, utcDay } from "./time.ts";

describe("days", () => {
  it("belong to the salon's zone: 19:00 in GMT is tomorrow in India", () => {
    const evening = new Date("2026-11-30T19:00:00Z");
    expect(dayIn("Asia/Kolkata", evening)).toBe("2026-12-01");
    expect(dayIn("America/New_York", evening)).toBe("2026-11-30");
    expect(utcDay(evening)).toBe("2026-11-30");
  });

  it("knows a zone from a word", () => {
    expect(isZone("Asia/Kolkata")).toBe(true);
    expect(isZone("Asia/Atlantis")).toBe(false);
  });
});
