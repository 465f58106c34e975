import { expect, test } from "vitest";
import { readInstant, rfc2822 } from "./dates.ts";

test("writes dates as Twilio's v2010 does", () => {
  expect(rfc2822(new Date("2015-07-30T20:12:31.456Z"))).toBe("Thu, 30 Jul 2015 20:12:31 +0000");
});

test.each([
  ["2019-06-11", "2019-06-11T00:00:00.000Z"],
  ["2019-06-11T22:05:25Z", "2019-06-11T22:05:25.000Z"],
  ["2019-06-11 22:05:25.000", "2019-06-11T22:05:25.000Z"],
  ["2019-06-11T22:05:25+05:30", "2019-06-11T16:35:25.000Z"],
  ["Wed, 19 Jun 2019 22:04:00 -0000", "2019-06-19T22:04:00.000Z"],
  ["06/11/2019 22:05:25 MST", "2019-06-12T05:05:25.000Z"],
])("reads %s, in every form that Twilio documents", (text, expected) => {
  expect(readInstant(text).toISOString()).toBe(expected);
});
