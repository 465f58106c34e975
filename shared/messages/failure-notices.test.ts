import { expect, test } from "vitest";
import { attempt, outboundMessage } from "#scripts/testing/outbound-message.ts";
import type { FailureClass } from "#shared/twilio/failure-classes.ts";
import { noticesOf } from "./failure-notices.ts";
import type { OutboundMessage } from "./message.ts";

const NOW = new Date("2026-11-02T20:30:00Z");
const before = outboundMessage({ state: "claimed" });
const failed = (failureClass: FailureClass, changes: Partial<OutboundMessage> = {}) =>
  outboundMessage({
    state: "failed",
    failure: { class: failureClass, twilio_code: 30007, reason: "Because." },
    ...changes,
  });
const told = (after: OutboundMessage, earlier = before) =>
  noticesOf(earlier, after, false, NOW).map(({ kind, key }) => [kind, key]);

test.each<[string, OutboundMessage, string[][]]>([
  ["a wrong number", failed("recipient"), []],
  ["an opt-out", failed("opted_out"), []],
  ["a filter", failed("compliance"), [["delivery_trouble", "compliance:30007:2026-11-02:20"]]],
  ["a template's fault", failed("template"), [["delivery_trouble", "template:30007:2026-11-02:20"]]],
  [
    "a country that is off in the salon's own account",
    failed("account", {
      attempts: [
        attempt({ source: "salon_own", error_code: 30007 }),
        attempt({ source: "platform_default" }),
      ],
    }),
    [["messages_not_delivered", "account:2026-11-03"]],
  ],
  [
    "a country that is off in the platform's account",
    failed("account", { attempts: [attempt({ source: "platform_subaccount", error_code: 30007 })] }),
    [
      ["delivery_trouble", "account:30007:2026-11-02:20"],
      ["messages_not_delivered", "account:2026-11-03"],
    ],
  ],
  ["a carrier's trouble", failed("transient"), [["messages_not_delivered", "transient:2026-11-03"]]],
  ["a limit", failed("throttle"), [["messages_not_delivered", "throttle:2026-11-03"]]],
  ["an end that nobody knows", failed("uncertain"), [["messages_not_delivered", "uncertain:2026-11-03"]]],
  [
    "trouble with the platform's own number, for which the message waits",
    outboundMessage({
      state: "held",
      attempts: [attempt({ source: "platform_default", state: "rejected", error_code: 20003 })],
    }),
    [["delivery_trouble", "credential:20003:2026-11-02:20"]],
  ],
  [
    "a refusal by the platform's own number that is the message's alone",
    outboundMessage({
      state: "held",
      attempts: [attempt({ source: "platform_default", state: "rejected", error_code: 20429 })],
    }),
    [],
  ],
  [
    "a critical one that did not arrive",
    failed("recipient", { critical: true }),
    [["messages_not_delivered", "recipient:2026-11-03"]],
  ],
  [
    "one that could not be sent in time",
    outboundMessage({ state: "expired" }),
    [["messages_not_delivered", "transient:2026-11-03"]],
  ],
  ["a test message, whose sender looks on", failed("account", { purpose: "test" }), []],
  ["one that arrived", outboundMessage({ state: "delivered" }), []],
])("after %s these are told, once a kind and time", (_, after, notices) => {
  expect(told(after)).toEqual(notices);
});

test("an end that was told already is not told again", () => {
  expect(told(failed("account"), failed("account"))).toEqual([]);
});

test("a message that went out twice is told to the operators", () => {
  const [notice] = noticesOf(before, before, true, NOW);
  expect(notice).toMatchObject({ kind: "message_sent_twice", key: before.id });
});
