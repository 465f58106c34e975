import { expect, test } from "vitest";
import { attemptIn, webhookSegments } from "./path.ts";

test.each([
  ["/webhooks/twilio/sms/salon-1", ["sms"], ["salon-1"]],
  ["/webhooks/twilio/whatsapp/salon-1", ["sms", "whatsapp"], ["salon-1"]],
  ["/webhooks/twilio/voice/salon-1/menu", ["voice"], ["salon-1", "menu"]],
  ["/webhooks/twilio/status/salon-1/abc/2", ["status"], ["salon-1", "abc", "2"]],
  ["/webhooks/twilio/sms/salon%2D1", ["sms"], ["salon-1"]],
])("reads %s", (path, kinds, segments) => {
  expect(webhookSegments(path, kinds)).toEqual(segments);
});

test.each([
  ["/webhooks/twilio/voice/salon-1", ["sms"]],
  ["/webhooks/other/sms/salon-1", ["sms"]],
  ["/twilio/sms/salon-1", ["sms"]],
  ["//webhooks/twilio/sms/salon-1", ["sms"]],
  ["https://evil.example/webhooks/twilio/sms/salon-1", ["sms"]],
  ["user@evil.example/webhooks/twilio/sms/salon-1", ["sms"]],
  ["/", ["sms"]],
  ["", ["sms"]],
])("finds nothing in %j, which is another path", (path, kinds) => {
  expect(webhookSegments(path, kinds)).toEqual([]);
});

test("a segment that is no percent-encoding is empty, and so nobody's id", () => {
  expect(webhookSegments("/webhooks/twilio/sms/%E0%A4%A", ["sms"])).toEqual([""]);
});

test("an attempt is named by its number alone, written one way", () => {
  expect(["1", "12", "9999"].map(attemptIn)).toEqual([1, 12, 9_999]);
  for (const other of [undefined, "", "0", "01", "1.0", "1e0", "0x1", " 1", "-1", "10000"])
    expect(attemptIn(other)).toBeNaN();
});
