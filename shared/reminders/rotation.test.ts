import { describe, expect, test } from "vitest";
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
