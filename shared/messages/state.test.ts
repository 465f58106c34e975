import { expect, test } from "vitest";
import { isFinal, isSettled, MessageState, movesOn, twilioState } from "./state.ts";

test.each([
  [["accepted", "claimed", "queued", "sending", "sent", "delivered", "read"]],
  [["held", "uncertain", "queued", "sent", "undelivered"]],
  [["accepted", "claimed", "queued", "failed"]],
  [["accepted", "queued", "canceled"]],
] as const)("goes along %j and never back", (path) => {
  for (const [here, from] of path.entries()) {
    for (const [there, to] of path.entries())
      expect(movesOn(from, to), `${from} to ${to}`).toBe(there > here);
  }
});

test("is moved by no report of the state that it has", () => {
  for (const state of MessageState.options) expect(movesOn(state, state), state).toBe(false);
});

test("takes the first of two ends that contradict each other", () => {
  const ends = ["delivered", "undelivered", "failed", "canceled"] as const;
  for (const end of ends) for (const other of ends) expect(movesOn(end, other)).toBe(false);
});

test("believes Twilio's delivery rather than our guess that a message has expired", () => {
  expect(movesOn("expired", "delivered")).toBe(true);
  expect(movesOn("expired", "sent")).toBe(false);
});

test("knows which states are Twilio's business, and which are an end", () => {
  const settled = MessageState.options.filter(isSettled);
  const final = MessageState.options.filter(isFinal);
  const ends = ["canceled", "delivered", "expired", "failed", "read", "undelivered"];
  expect(final.toSorted()).toEqual(ends);
  expect(settled.toSorted()).toEqual([...ends, "queued", "sending", "sent"].toSorted());
});

test.each([
  ["accepted", "queued"],
  ["scheduled", "queued"],
  ["queued", "queued"],
  ["sending", "sending"],
  ["sent", "sent"],
  ["delivered", "delivered"],
  ["undelivered", "undelivered"],
  ["failed", "failed"],
  ["read", "read"],
  ["canceled", "canceled"],
  ["receiving", undefined],
  ["received", undefined],
  ["partially_delivered", undefined],
  ["unknown", undefined],
  ["claimed", undefined],
  ["", undefined],
])("reads Twilio's word %j as %j", (word, state) => {
  expect(twilioState(word)).toBe(state);
});
