import { describe, expect, it } from "vitest";
import { createPartyOf, E164, withoutChannelPrefix } from "./phone.ts";
import { Secret } from "./secret.ts";

describe("phone numbers", () => {
  it.each(["+14155550123", "+919876543210", "+442071838750", "+4915112345678"])("takes %s", (number) => {
    expect(E164.safeParse(number).success).toBe(true);
  });

  it.each([
    "14155550123",
    "004915112345678",
    "+0123456789",
    "+1 415 555 0123",
    "+1415555",
    "+1415555012345",
    "+",
    "",
    "tel:+14155550123",
    "whatsapp:+14155550123",
    "+١٤١٥٥٥٥٠١٢٣",
  ])("refuses %j", (number) => {
    expect(E164.safeParse(number).success).toBe(false);
  });

  it("gives the same party for a number under one key, and another under another key", () => {
    const partyOf = createPartyOf(new Secret("a-key-of-at-least-32-characters-1"));
    const otherPartyOf = createPartyOf(new Secret("a-key-of-at-least-32-characters-2"));
    expect(partyOf("+14155550123")).toBe(partyOf("+14155550123"));
    expect(partyOf("+14155550123")).not.toBe(otherPartyOf("+14155550123"));
    expect(partyOf("+14155550123")).toMatch(/^[0-9a-f]{32}$/);
  });

  it("takes Twilio's channel prefix off, and leaves what has none", () => {
    expect(withoutChannelPrefix("whatsapp:+14155550123")).toBe("+14155550123");
    expect(withoutChannelPrefix("+14155550123")).toBe("+14155550123");
  });
});
