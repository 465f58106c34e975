import { describe, expect, test } from "vitest";
import { E164 } from "#shared/core/phone.ts";
import { Call } from "./call.ts";
import { afterEnd, afterHeard, afterRecording } from "./caller-progress.ts";

const AT = new Date("2026-11-23T06:30:00Z");
const call = (changes: object = {}) =>
  Call.parse({
    salon_id: "salon",
    account: "account",
    direction: "inbound",
    party: "party",
    state: "in-progress",
    duration_seconds: null,
    started_at: AT,
    updated_at: AT,
    ...changes,
  });
const recording = { sid: `RE${"1".repeat(32)}`, duration_seconds: 5, received_at: AT };

test("a document from before has heard nothing", () => {
  expect(call()).toMatchObject({ language: null, choices: [], outcome: null, recordings: [] });
});

describe("what a caller chose", () => {
  const hindi = { language: "en", choice: { turn: 1, choice: "hi" } } as const;
  const hours = { language: "hi", choice: { turn: 2, choice: "hours" }, outcome: "hours" } as const;

  test("is kept in order, in whatever order and however often it is told", () => {
    const inOrder = afterHeard(afterHeard(call(), hindi), hours);
    const mixed = [hours, hindi, hours, hindi].reduce(afterHeard, call());
    expect(inOrder).toEqual(mixed);
    expect(inOrder).toMatchObject({
      language: "hi",
      choices: [hindi.choice, hours.choice],
      outcome: "hours",
    });
  });

  test("changes nothing when it is known", () => {
    const known = afterHeard(call(), hindi);
    expect(afterHeard(known, hindi)).toBe(known);
    expect(afterHeard(known, { language: "te" })).toBe(known);
  });
});

test.each([
  [["hours", "link_sent"], "link_sent"],
  [["link_sent", "hours"], "link_sent"],
  [["booked_transfer", "link_sent", "voicemail"], "booked_transfer"],
  [["abandoned", "hours"], "hours"],
] as const)("of %j, %s is what came of the call", (outcomes, kept) => {
  const after = outcomes.reduce((known, outcome) => afterHeard(known, { language: "en", outcome }), call());
  expect(after.outcome).toBe(kept);
});

test("a message is listed once, and is what came of a call that was given up", () => {
  const left = afterRecording(afterEnd(call({ state: "completed" })), recording);
  expect(left).toMatchObject({ recordings: [recording], outcome: "voicemail" });
  expect(afterRecording(left, { ...recording, received_at: new Date() })).toBe(left);
});

test("the number of who left a message is kept, whether the message or the number is told of first", () => {
  const from = E164.parse("+14155550199");
  const thanked = { language: "en", from } as const;
  const before = afterRecording(afterHeard(call({ language: "en" }), thanked), recording);
  const after = afterHeard(afterRecording(call({ language: "en" }), recording), thanked);
  expect(before).toEqual(after);
  expect(after).toMatchObject({ from, recording_sids: [recording.sid], voicemail_at: AT });
  expect(afterHeard(after, thanked)).toBe(after);
});

test("only a customer's call that has ended without anything is abandoned", () => {
  expect(afterEnd(call()).outcome).toBeNull();
  for (const state of ["completed", "busy", "failed", "no-answer", "canceled"])
    expect(afterEnd(call({ state })).outcome).toBe("abandoned");
  expect(afterEnd(call({ state: "completed", outcome: "hours" })).outcome).toBe("hours");
  expect(afterEnd(call({ state: "completed", direction: "outbound" })).outcome).toBeNull();
});
