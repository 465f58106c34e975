import { describe, expect, test } from "vitest";
import { ACCEPTED_AT, attempt, messageSid, outboundMessage } from "#scripts/testing/outbound-message.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import type { OutboundMessage } from "./message.ts";
import { type Report, reported } from "./reports.ts";
import { canceled, resent } from "./transitions.ts";

const NOW = plusSeconds(ACCEPTED_AT, 600);
const SID = messageSid(1);
const taken = (changes: Partial<OutboundMessage> = {}) =>
  outboundMessage({ state: "sent", attempts: [attempt({ sid: SID, state: "sent" })], ...changes });
const critical = { critical: true, fallback: { channel: "sms" } } as const;

function afterReport(message: OutboundMessage, report: Partial<Report>, number = message.attempts.length) {
  const result = reported(message, number, { sid: SID, state: "undelivered", ...report }, NOW);
  return "message" in result ? result.message : expect.fail(`the report was ${result.outcome}`);
}

describe("a message that Twilio took and could not deliver", () => {
  test("has failed, with its class, its code and a sentence", () => {
    expect(afterReport(taken(), { state: "failed", errorCode: 30005 })).toMatchObject({
      state: "failed",
      failure: {
        class: "recipient",
        twilio_code: 30005,
        reason: expect.stringContaining("cannot be reached"),
      },
    });
    expect(afterReport(taken(), {})).toMatchObject({ state: "undelivered", failure: { twilio_code: null } });
  });

  test("is tried twice more when the trouble passes, five and ten minutes later, and no more", () => {
    const first = afterReport(taken(), { errorCode: 30003 });
    expect(first).toMatchObject({ state: "held", hold_reason: "retry", due_at: plusSeconds(NOW, 300) });
    const failed = (number: number) =>
      attempt({ number, sid: messageSid(number), state: "undelivered", error_code: 30003 });
    const again = (attempts: OutboundMessage["attempts"]) =>
      afterReport(taken({ attempts }), { sid: messageSid(attempts.length), errorCode: 30003 });
    const sent = (number: number) => attempt({ number, sid: messageSid(number), state: "sent" });
    expect(again([failed(1), sent(2)])).toMatchObject({ state: "held", due_at: plusSeconds(NOW, 600) });
    expect(again([failed(1), failed(2), sent(3)])).toMatchObject({
      state: "undelivered",
      failure: { class: "transient", twilio_code: 30003 },
    });
  });

  test("is not tried again when that would be too late", () => {
    const message = taken({ expires_at: plusSeconds(NOW, 299) });
    expect(afterReport(message, { errorCode: 30003 })).toMatchObject({ state: "undelivered" });
  });

  test.each([
    ["outside WhatsApp's window", 63016],
    ["no WhatsApp user", 63003],
    ["a carrier's trouble", 30008],
  ])("goes its other way at once when it is critical: %s", (_, errorCode) => {
    const whatsapp = taken({
      ...critical,
      channel: "whatsapp",
      attempts: [attempt({ channel: "whatsapp", sid: SID, state: "sent" })],
    });
    const held = afterReport(whatsapp, { errorCode });
    expect(held).toMatchObject({ state: "held", hold_reason: "fallback", on_fallback: true, due_at: NOW });
    expect(held.failure).toMatchObject({ twilio_code: errorCode });
  });

  test.each([
    ["an opt-out", 21610],
    ["a block", 63014],
    ["a carrier's filter", 30004],
    ["a filter", 30007],
    ["fraud protection", 30450],
  ])("takes no other way around %s", (_, errorCode) => {
    const message = taken({ ...critical, channel: "whatsapp" });
    expect(afterReport(message, { errorCode })).toMatchObject({ state: "undelivered", on_fallback: false });
  });

  test("takes its other way once", () => {
    const message = taken({ ...critical, on_fallback: true });
    expect(afterReport(message, { errorCode: 30005 })).toMatchObject({ state: "undelivered" });
  });

  test("takes what a further attempt does as it is: a late word of the first one changes nothing", () => {
    const message = taken({ attempts: [attempt({ sid: SID, state: "sent" }), attempt({ number: 2 })] });
    const result = reported(message, 1, { sid: SID, state: "undelivered", errorCode: 63016 }, NOW);
    expect(result).toMatchObject({ outcome: "noted", message: { state: "sent" } });
  });
});

test("an attempt that was given up and turns up after all has doubled the message", () => {
  const message = taken({
    attempts: [attempt({ state: "absent" }), attempt({ number: 2, sid: messageSid(2), state: "queued" })],
  });
  const result = reported(message, 1, { sid: SID, state: "sent" }, NOW);
  expect(result).toMatchObject({ outcome: "doubled", message: { attempts: [{ sid: SID }, {}] } });
});

describe("its sender", () => {
  test.each(["accepted", "scheduled", "held"] as const)("may call back what is %s", (state) => {
    const message = canceled(outboundMessage({ state, due_at: NOW }), NOW);
    expect(message).toMatchObject({ state: "canceled", updated_at: NOW });
    expect(message).not.toHaveProperty("due_at");
  });

  test.each(["claimed", "uncertain", "queued", "sent", "delivered", "failed", "expired"] as const)(
    "is too late for what is %s",
    (state) => {
      expect(canceled(outboundMessage({ state }), NOW)).toBeUndefined();
    },
  );

  test("may call back what waits for another try, since what went out came to nothing", () => {
    const attempts = [attempt({ sid: SID, state: "undelivered" })];
    const message = canceled(outboundMessage({ state: "held", hold_reason: "retry", attempts }), NOW);
    expect(message).toMatchObject({ state: "canceled", hold_reason: null, attempts });
  });

  test.each(["failed", "undelivered", "expired", "canceled"] as const)(
    "may send again what is %s",
    (state) => {
      const attempts = [attempt({ state: "rejected" })];
      const message = outboundMessage({ state, attempts, on_fallback: true });
      expect(resent(message, NOW)).toMatchObject({
        state: "held",
        hold_reason: "retry",
        due_at: NOW,
        failure: null,
        on_fallback: false,
        attempts,
        expires_at: plusSeconds(NOW, 86_400),
      });
    },
  );

  test("may want again what was to go later: it goes then, and for as long as it was wanted", () => {
    const send_at = plusSeconds(NOW, 30 * 86_400);
    const expires_at = plusSeconds(send_at, 3_600);
    const message = outboundMessage({ state: "canceled", send_at, expires_at });
    expect(resent(message, NOW)).toMatchObject({ state: "scheduled", due_at: send_at, expires_at });
    const late = plusSeconds(send_at, 7_200);
    const again = resent({ ...message, state: "expired" }, late);
    expect(again).toMatchObject({ state: "held", due_at: late, expires_at: plusSeconds(late, 3_600) });
    const once = resent({ ...message, ...again, state: "failed" }, plusSeconds(late, 60));
    expect(once).toMatchObject({ expires_at: plusSeconds(late, 3_660) });
  });

  test.each(["accepted", "held", "claimed", "uncertain", "queued", "sent", "delivered", "read"] as const)(
    "may not send again what is %s",
    (state) => {
      expect(resent(outboundMessage({ state }), NOW)).toBeUndefined();
    },
  );
});

test("trouble of the whole account, found out late, makes the message wait until it is well again", () => {
  const held = { state: "held", hold_reason: "account_trouble", due_at: plusSeconds(NOW, 900) };
  expect(afterReport(taken(), { state: "failed", errorCode: 30002 })).toMatchObject(held);
  expect(afterReport(taken({ purpose: "test" }), { state: "failed", errorCode: 30002 })).toMatchObject({
    state: "failed",
  });
  expect(afterReport(taken(critical), { state: "failed", errorCode: 30002 })).toMatchObject({
    hold_reason: "fallback",
  });
});
