import { expect, test } from "vitest";
import { Salon } from "#shared/salons/salon.ts";
import { transferOf } from "./voice-transfer.ts";

const CALLED = "+14155550100";
const SALON_IN_INDIA = "+919876543210";
const CALLER_IN_INDIA = "+919812345678";
const CALLER = "+14155550199";
const to = (voice_transfer_number: string | null, from: string | undefined) =>
  transferOf(Salon.parse({ name: "Lotus", communication: { voice_transfer_number } }), {
    from,
    to: CALLED,
    salonNumbers: [CALLED, "+14155550101"],
  });

test.each([
  ["who calls", CALLER, CALLER],
  [
    "the salon's number for an Indian caller, whose own may not be shown from abroad",
    CALLER_IN_INDIA,
    CALLED,
  ],
  ["the salon's number for who withholds theirs", "anonymous", CALLED],
  ["the salon's number for who calls from no phone", "client:alice", CALLED],
  ["the salon's number where Twilio names nobody", undefined, CALLED],
])("a salon in India sees %s", (_, from, callerId) => {
  expect(to(SALON_IN_INDIA, from)).toEqual({ number: SALON_IN_INDIA, callerId });
});

test("a salon elsewhere sees an Indian caller's number", () => {
  expect(to("+14155550111", CALLER_IN_INDIA)?.callerId).toBe(CALLER_IN_INDIA);
});

test.each([null, "", "0123", "+1", "sip:salon@example.com", CALLED, "+14155550101"])(
  "nobody is put through to %j",
  (number) => {
    expect(to(number, CALLER)).toBeUndefined();
  },
);
