import { describe, expect, test } from "vitest";
import { originOf } from "./admission.ts";

const from = (headers: Record<string, string>) => originOf({ header: (name) => headers[name] });

describe("where a request came from", () => {
  test.each([
    ["the only address", "203.0.113.7", "203.0.113.7"],
    [
      "what the front end appended, not what the caller wrote before it",
      "10.0.0.1, 203.0.113.7",
      "203.0.113.7",
    ],
    ["the same without a space", "1.2.3.4,203.0.113.7", "203.0.113.7"],
    ["an IPv6 address", "1.2.3.4, 2001:db8::7", "2001:db8::7"],
  ])("%s", (_, header, ip) => {
    expect(from({ "x-forwarded-for": header })).toEqual({ ip });
  });

  test.each(["", "unknown", "203.0.113.7, ", "203.0.113.7, <script>", "203.0.113.7:443"])(
    "an address that is none is not taken, nor the one before it: %j",
    (header) => {
      expect(from({ "x-forwarded-for": header })).toEqual({});
    },
  );

  test("the user agent as it is said", () => {
    expect(from({ "user-agent": "Browser/1.0" })).toEqual({ userAgent: "Browser/1.0" });
  });
});
