import { expect, test } from "vitest";
import { attempt as callAttempt, outboundCall } from "#scripts/testing/outbound-call.ts";
import type { FailureClass } from "#shared/twilio/failure-classes.ts";
import { callNoticesOf } from "./call-notices.ts";
import type { CallAttempt, OutboundCall } from "./outbound-call.ts";

const NOW = new Date("2026-11-02T20:30:00Z");
const before = outboundCall({ state: "claimed" });
const failed = (failureClass: FailureClass, source: CallAttempt["source"] = "salon_own") =>
  outboundCall({
    state: "failed",
    attempts: [callAttempt({ source })],
    failure: { class: failureClass, twilio_code: 21215, reason: "Because." },
  });
const told = (after: OutboundCall, earlier = before) =>
  callNoticesOf(earlier, after, NOW).map(({ kind, key }) => [kind, key]);

test.each<[string, OutboundCall, string[][]]>([
  ["a wrong number", failed("recipient"), []],
  ["an opt-out", failed("opted_out"), []],
  ["a line that is busy", outboundCall({ state: "busy" }), []],
  ["a call that was canceled", outboundCall({ state: "canceled" }), []],
  ["a call that was made", outboundCall({ state: "completed" }), []],
  ["a country that is off", failed("account", "salon_own"), [["calls_not_made", "account:2026-11-03"]]],
  [
    "a number of the platform's that cannot call",
    failed("sender", "platform_subaccount"),
    [
      ["delivery_trouble", "sender:21215:2026-11-02:20"],
      ["calls_not_made", "sender:2026-11-03"],
    ],
  ],
  [
    "a call that came too late",
    outboundCall({ state: "expired" }),
    [["calls_not_made", "transient:2026-11-03"]],
  ],
  ["a request of ours that is wrong", failed("bug"), [["delivery_trouble", "bug:21215:2026-11-02:20"]]],
])("of %s: whoever can mend it is told, once a day in the salon's zone or an hour", (_, after, notices) => {
  expect(told(after)).toEqual(notices);
});

test("an end that was told of already is not told again", () => {
  expect(told(failed("account"), failed("account"))).toEqual([]);
});

test("the owner reads why, and no number", () => {
  expect(callNoticesOf(before, failed("account"), NOW)).toMatchObject([
    { facts: { reason: "Because.", at: NOW }, salonId: before.salon_id },
  ]);
});
