import { expect, test } from "vitest";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { afterAnswer, mayBeAnswered, opensConversation } from "./answers.ts";
import { unknownContact } from "./contact.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const stranger = unknownContact(SalonId.parse("salon-anjali"), "party");
const minutes = (count: number) => plusSeconds(NOW, count * 60);
const answered = (...times: number[]) =>
  times.reduce((contact, time) => afterAnswer(contact, minutes(time), null), stranger);

test.each([
  [null, true],
  [30 * 86_400, true],
  [30 * 86_400 - 1, false],
  [0, false],
  [-60, false],
])("a message %s seconds after the last one opens a conversation: %j", (seconds, opens) => {
  const last_inbound_at = seconds === null ? null : plusSeconds(NOW, -seconds);
  expect(opensConversation({ ...stranger, last_inbound_at }, NOW)).toBe(opens);
});

test("answers a customer three times an hour and no more, until the first is an hour old", () => {
  expect(mayBeAnswered(answered(0, 20), minutes(40))).toBe(true);
  const thrice = answered(0, 20, 40);
  expect(mayBeAnswered(thrice, minutes(59))).toBe(false);
  expect(mayBeAnswered(thrice, minutes(60))).toBe(true);
});

test("answers a customer ten times a day and no more", () => {
  const ten = answered(...Array.from({ length: 10 }, (_, index) => index * 60));
  expect(ten.answered_at).toHaveLength(10);
  expect(mayBeAnswered(ten, minutes(13 * 60))).toBe(false);
  expect(mayBeAnswered(ten, minutes(24 * 60))).toBe(true);
});

test("answers another robot ten times a day at most, and keeps no more times than that", () => {
  let contact = stranger;
  let answers = 0;
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    if (!mayBeAnswered(contact, minutes(minute))) continue;
    contact = afterAnswer(contact, minutes(minute), null);
    answers += 1;
  }
  expect([answers, contact.answered_at.length]).toEqual([10, 10]);
});
