import { describe, expect, it } from "vitest";
import { accountFingerprint, MessageId, messageIdOf, SalonId, sha256Hex } from "./ids.ts";

const salon = SalonId.parse("salon-123");

describe("ids", () => {
  it.each(["salon123", "S_1", "a-b", "x".repeat(64)])("takes %s as a salon id", (id) => {
    expect(SalonId.safeParse(id).success).toBe(true);
  });

  it.each(["", "ab", "x".repeat(65), "salon/1", "../etc", "salon 1", "__all__", "-salon", "sal.on", "సెలూన్"])(
    "refuses %j as a salon id, so that it cannot be a path",
    (id) => {
      expect(SalonId.safeParse(id).success).toBe(false);
    },
  );

  it("refuses the name of the platform's own webhooks as a salon id", () => {
    expect(SalonId.safeParse("platform").error?.issues[0]?.message).toBe("is reserved");
  });

  it("gives the same message id for the same salon and key, and another for any other", () => {
    const id = messageIdOf(salon, "booking-1");
    expect(messageIdOf(salon, "booking-1")).toBe(id);
    expect(MessageId.safeParse(id).success).toBe(true);
    const others = [messageIdOf(salon, "booking-2"), messageIdOf(SalonId.parse("salon-124"), "booking-1")];
    expect(others).not.toContain(id);
  });

  it("keeps parts apart that would read the same when joined", () => {
    expect(sha256Hex("ab", "c")).not.toBe(sha256Hex("a", "bc"));
    expect(sha256Hex("a", "")).not.toBe(sha256Hex("a"));
  });

  it("names an account without its SID", () => {
    const sid = `AC${"0123456789abcdef".repeat(2)}`;
    expect(accountFingerprint(sid)).toMatch(/^[0-9a-f]{32}$/);
    expect(accountFingerprint(sid)).not.toContain("0123456789abcdef");
  });
});
