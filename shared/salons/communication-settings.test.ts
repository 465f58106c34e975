import { describe, expect, test } from "vitest";
import { CommunicationSettings } from "./communication-settings.ts";

describe("a salon's quiet hours", () => {
  test("are the night where it says nothing, and none where it says null", () => {
    expect(CommunicationSettings.parse({}).quiet_hours).toEqual({ from: "21:00", until: "09:00" });
    expect(CommunicationSettings.parse({ quiet_hours: null }).quiet_hours).toBeNull();
  });

  test.each(["9:00", "24:00", "21:60", "21", ""])("%j is no time of day", (from) => {
    const refused = CommunicationSettings.safeParse({ quiet_hours: { from, until: "09:00" } });
    expect(refused.error?.issues[0]).toMatchObject({
      path: ["quiet_hours", "from"],
      message: "must be HH:MM",
    });
  });
});

test.each([
  ["https://book.example.com/lotus", "https://book.example.com/lotus"],
  [undefined, null],
  [null, null],
  ["http://book.example.com", null],
  ["javascript:alert(1)", null],
  ["book.example.com", null],
  ["", null],
])("the booking link %j counts as %j, and takes nothing else down with it", (booking_url, counts) => {
  expect(CommunicationSettings.parse({ booking_url }).booking_url).toBe(counts);
});
