import { expect, test } from "vitest";
import { attempt, outboundCall } from "#scripts/testing/outbound-call.ts";
import { CallEvent, callEvent, isCallChange } from "./call-events.ts";
import type { OutboundCall } from "./outbound-call.ts";

const answered = outboundCall({
  state: "completed",
  answer: "confirmed",
  attempts: [attempt({ state: "completed", sid: "CA1", duration_seconds: 31 })],
});

test("tells where a call is and what was pressed, and nothing personal", () => {
  const event = callEvent(answered, "event-1");
  expect(CallEvent.parse(event)).toEqual(event);
  expect(event).toMatchObject({
    version: 1,
    state: "completed",
    answer: "confirmed",
    attempt: 1,
    duration_seconds: 31,
  });
  const { to, party, text, payload_hash } = answered;
  const [{ sender, account, sid } = attempt()] = answered.attempts;
  const told = JSON.stringify(event);
  for (const value of [to, party, text, payload_hash, sender, account, sid])
    expect(told).not.toContain(value);
});

test.each<[string, Partial<OutboundCall>]>([
  ["its state", { state: "in-progress" }],
  ["why it waits", { hold_reason: "unanswered" }],
  ["another try", { attempts: [] }],
  ["a key that was pressed", { answer: "none" }],
])("%s is news", (_, before) => {
  expect(isCallChange({ ...answered, ...before }, answered)).toBe(true);
});

test("that it is there is news; when it is looked after next is none", () => {
  expect(isCallChange(undefined, answered)).toBe(true);
  expect(isCallChange({ ...answered, due_at: new Date(0), updated_at: new Date(0) }, answered)).toBe(false);
});
