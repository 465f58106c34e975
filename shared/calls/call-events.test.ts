import { expect, test } from "vitest";
import { attempt, outboundCall } from "#scripts/testing/outbound-call.ts";
import { CallEvent, callEvent } from "./call-events.ts";

const answered = outboundCall({
  state: "completed",
  answer: "confirmed",
  attempts: [attempt({ state: "completed", sid: "CA1", duration_seconds: 31 })],
});

test("tells where a call is and what was pressed, and nothing personal", () => {
  const event = callEvent(answered);
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

test("is the same event for the same news, and another one for other news", () => {
  const id = (changes: object) => callEvent({ ...answered, ...changes }).event_id;
  expect(id({ updated_at: new Date() })).toBe(id({}));
  const others = [
    { answer: "none" },
    { state: "in-progress" },
    { hold_reason: "unanswered" },
    { attempts: [] },
  ];
  expect(new Set([{}, ...others].map(id)).size).toBe(5);
});
