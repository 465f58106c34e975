import { describe, expect, test } from "vitest";
import { SalonId } from "#shared/core/ids.ts";
import type { Trouble } from "#shared/salons/integration.ts";
import { closed, covers, type Finding, opened, probed, widened } from "./incident.ts";

const NOW = new Date("2026-11-22T10:00:00Z");
const at = (minutes: number) => new Date(NOW.getTime() + minutes * 60_000);
const who = { salon_id: SalonId.parse("salon-anjali"), source: "salon_own" } as const;
const found = (
  failureClass: Finding["class"],
  channel: Finding["channel"] = null,
  code: number | null = null,
): Finding => ({ class: failureClass, channel, code, reason: "Twilio refuses it." });
const known = (failureClass: Trouble["class"], channel: Trouble["channel"] = null): Trouble => ({
  class: failureClass,
  channel,
  reason: "Twilio refuses it.",
  since: NOW,
});

describe("what is known", () => {
  test.each([
    ["nothing", null, found("credential"), false],
    ["a credential failure, and another", known("credential"), found("credential"), true],
    ["a credential failure, and an account's", known("credential"), found("account"), true],
    ["an account's, and a sender's", known("account"), found("sender", "sms"), true],
    ["a sender's, and the same", known("sender", "sms"), found("sender", "sms"), true],
    ["a sender's, and the other channel's", known("sender", "sms"), found("sender", "whatsapp"), false],
    ["both senders', and one of them", known("sender"), found("sender", "whatsapp"), true],
    ["a sender's, and the whole account's", known("sender", "sms"), found("account"), false],
  ])("says whether a failure is news: %s", (_, before, finding, isCovered) => {
    expect(covers(before, finding)).toBe(isCovered);
  });

  test("grows to all channels by the second sender, and by the account", () => {
    expect(widened(null, found("sender", "sms")).channel).toBe("sms");
    expect(widened(known("sender", "sms"), found("sender", "whatsapp")).channel).toBeNull();
    expect(widened(known("sender", "sms"), found("account")).channel).toBeNull();
  });
});

describe("an incident", () => {
  const incident = opened(who, undefined, found("credential", null, 20003), NOW);

  test("keeps what was found, and is probed after a minute", () => {
    expect(incident).toEqual({
      salon_id: "salon-anjali",
      source: "salon_own",
      state: "open",
      class: "credential",
      twilio_code: 20003,
      reason: "Twilio refuses it.",
      channel: null,
      opened_at: NOW,
      closed_at: null,
      probes: 0,
      due_at: at(1),
    });
  });

  test("is probed less and less often, and at least every hour", () => {
    let [current, elapsed] = [incident, 0];
    const waits: number[] = [];
    for (let probe = 0; probe < 5; probe += 1) {
      const due = Number(current.due_at) - Number(at(elapsed));
      waits.push(due / 60_000);
      elapsed += due / 60_000;
      current = probed(current, at(elapsed));
    }
    expect(waits).toEqual([1, 4, 16, 60, 60]);
    expect(current.probes).toBe(5);
  });

  test("that is closed is due no more", () => {
    const end = closed(incident, at(5));
    expect(end).toMatchObject({ state: "closed", closed_at: at(5) });
    expect(end).not.toHaveProperty("due_at");
  });

  test("that comes back within an hour is probed no more often than before it was over", () => {
    const end = closed(probed(probed(incident, at(1)), at(5)), at(5));
    expect(opened(who, end, found("credential"), at(64))).toMatchObject({ probes: 2, due_at: at(80) });
    expect(opened(who, end, found("credential"), at(65))).toMatchObject({ probes: 0, due_at: at(66) });
  });
});
