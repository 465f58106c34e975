import { describe, expect, test } from "vitest";
import { attempt, outboundCall } from "#scripts/testing/outbound-call.ts";
import { ACCEPTED_AT } from "#scripts/testing/outbound-message.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import type { CallState } from "./call.ts";
import { answeredWith, canceled, claimed, judged, readiness, reported } from "./call-transitions.ts";
import type { CallAttempt, OutboundCall } from "./outbound-call.ts";

const NOW = plusSeconds(ACCEPTED_AT, 60);
const SID = "CA1";
const OUTBOUND = { source: "platform_subaccount", account: "fingerprint" } as const;
const withAttempts = (attempts: Partial<CallAttempt>[], changes: Partial<OutboundCall> = {}) =>
  outboundCall({
    state: "claimed",
    attempts: attempts.map((each, index) => attempt({ number: index + 1, ...each })),
    ...changes,
  });
const afterReport = (call: OutboundCall, state: CallState, number = 1, changes: object = {}) => {
  const result = reported(call, number, { sid: SID, state, ...changes }, NOW);
  return "call" in result ? result.call : expect.fail(result.outcome);
};

describe("what there is to do", () => {
  const past = plusSeconds(NOW, -1);
  const future = plusSeconds(NOW, 1);
  test.each([
    ["accepted", future, "place"],
    ["scheduled", future, "wait"],
    ["scheduled", past, "place"],
    ["held", future, "wait"],
    ["held", past, "place"],
    ["claimed", future, "wait"],
    ["claimed", past, "settle"],
    ["uncertain", past, "settle"],
    ["queued", past, "follow"],
    ["in-progress", past, "follow"],
    ["in-progress", future, "wait"],
    ["completed", undefined, "wait"],
    ["completed", past, "wait"],
    ["expired", past, "wait"],
  ] as const)("of a call that is %s and due at %s: %s", (state, due_at, expected) => {
    const { due_at: _, ...call } = outboundCall({ state });
    expect(readiness({ ...call, ...(due_at && { due_at }) }, NOW)).toBe(expected);
  });

  test.each(["accepted", "scheduled", "held"] as const)(
    "of a call that is %s and too late: expire",
    (state) => {
      expect(readiness(outboundCall({ state, expires_at: NOW }), NOW)).toBe("expire");
    },
  );

  test.each(["claimed", "uncertain"] as const)(
    "of a call that is %s and too late: settle it all the same",
    (state) => {
      expect(readiness(outboundCall({ state, expires_at: NOW, due_at: NOW }), NOW)).toBe("settle");
    },
  );
});

describe("a claim", () => {
  test("puts the next attempt on record and lends the call", () => {
    const sender = attempt().sender;
    const call = claimed(withAttempts([{ state: "busy", sid: SID }]), { ...OUTBOUND, sender }, NOW, 60);
    expect(call).toMatchObject({ state: "claimed", due_at: plusSeconds(NOW, 60) });
    expect(call.attempts[1]).toMatchObject({ number: 2, sid: null, state: "claimed", started_at: NOW });
  });
});

describe("a report", () => {
  test("moves the call on, and has it asked after should nothing more be heard", () => {
    const call = afterReport(withAttempts([{}]), "ringing");
    expect(call).toMatchObject({ state: "ringing", due_at: plusSeconds(NOW, 900) });
    expect(call.attempts[0]).toMatchObject({ sid: SID, state: "ringing" });
  });

  test("of the end leaves nothing due", () => {
    expect(afterReport(withAttempts([{}]), "completed")).not.toHaveProperty("due_at");
  });

  test("that comes late or twice changes nothing", () => {
    const call = withAttempts([{ sid: SID, state: "completed" }], { state: "completed" });
    for (const state of ["queued", "initiated", "ringing", "in-progress", "completed", "busy"] as const)
      expect(reported(call, 1, { sid: SID, state }, NOW)).toEqual({ outcome: "stale" });
  });

  test("of the end that tells its length only the second time is noted, once", () => {
    const ended = afterReport(withAttempts([{}]), "completed");
    const told = reported(ended, 1, { sid: SID, state: "completed", durationSeconds: 61 }, NOW);
    expect(told).toMatchObject({ outcome: "noted", call: { attempts: [{ duration_seconds: 61 }] } });
    const again =
      "call" in told
        ? reported(told.call, 1, { sid: SID, state: "completed", durationSeconds: 61 }, NOW)
        : told;
    expect(again).toEqual({ outcome: "stale" });
  });

  test.each(["busy", "no-answer"] as const)("of %s has it made again twice, and then ends it", (state) => {
    let call = afterReport(withAttempts([{}]), state);
    for (const number of [2, 3]) {
      expect(call).toMatchObject({ state: "held", hold_reason: "unanswered", due_at: plusSeconds(NOW, 900) });
      call = claimed(call, { ...OUTBOUND, sender: attempt().sender }, NOW, 60);
      call = afterReport(call, state, number);
    }
    expect(call).toMatchObject({ state, hold_reason: null });
  });

  test("of busy ends a call that nobody wants a quarter of an hour later", () => {
    const call = withAttempts([{}], { expires_at: plusSeconds(NOW, 900) });
    expect(afterReport(call, "busy")).toMatchObject({ state: "busy" });
  });

  test("that is older than the try at hand moves nothing back", () => {
    const held = afterReport(withAttempts([{}]), "busy");
    expect(reported(held, 1, { sid: SID, state: "ringing" }, NOW)).toEqual({ outcome: "stale" });
  });

  test("settles an attempt that was given up as absent, before it is made again", () => {
    const held = withAttempts([{ state: "absent" }], { state: "held", hold_reason: "retry" });
    expect(afterReport(held, "in-progress")).toMatchObject({ state: "in-progress", hold_reason: null });
  });

  test("of an attempt given up as absent, after another was made, says that the customer is called twice", () => {
    const call = withAttempts([{ state: "absent" }, { sid: "CA2", state: "ringing" }], { state: "ringing" });
    const result = reported(call, 1, { sid: SID, state: "completed" }, NOW);
    expect(result).toMatchObject({ outcome: "doubled", call: { state: "ringing" } });
  });

  test("with another SID, of another salon or account, or of no attempt is refused", () => {
    const call = withAttempts([{ sid: SID, state: "ringing" }]);
    const salonId = outboundCall().salon_id;
    expect(reported(call, 1, { sid: "CA2", state: "completed" }, NOW).outcome).toBe("foreign");
    expect(reported(call, 2, { sid: SID, state: "completed" }, NOW).outcome).toBe("unknown");
    expect(reported(call, Number.NaN, { sid: SID, state: "completed" }, NOW).outcome).toBe("unknown");
    const from = { salonId, account: "of-somebody-else" };
    expect(reported(call, 1, { sid: SID, state: "completed", from }, NOW).outcome).toBe("forbidden");
  });

  test("of a failure says that the call could not be connected", () => {
    expect(afterReport(withAttempts([{}]), "failed")).toMatchObject({
      state: "failed",
      failure: { class: "recipient" },
    });
  });
});

describe("a key", () => {
  test("is kept, the first one for good", () => {
    const call = outboundCall({ confirm: true });
    const answered = answeredWith(call, "confirmed", NOW);
    expect(answered).toMatchObject({ answer: "confirmed" });
    expect(answered && answeredWith(answered, "canceled", NOW)).toBeUndefined();
  });

  test("means nothing where none was asked for", () => {
    expect(answeredWith(outboundCall({ confirm: false }), "confirmed", NOW)).toBeUndefined();
  });
});

describe("a verdict", () => {
  const uncertain = { kind: "uncertain", looked: true, lookAt: NOW } as const;

  test("counts the looks and keeps the call uncertain", () => {
    expect(judged(withAttempts([{}]), 1, uncertain, NOW)).toMatchObject({
      state: "uncertain",
      attempts: [{ state: "uncertain", looks: 1 }],
    });
  });

  test("says nothing of a call that has moved on", () => {
    const absent = { kind: "absent", retryAt: NOW } as const;
    expect(judged(withAttempts([{ sid: SID, state: "ringing" }]), 1, absent, NOW)).toBeUndefined();
    expect(judged(withAttempts([{}, {}]), 1, absent, NOW)).toBeUndefined();
    expect(judged(withAttempts([{}], { state: "failed" }), 1, absent, NOW)).toBeUndefined();
  });

  test("to fail ends the call, of which nothing is due", () => {
    const failure = { class: "recipient", twilio_code: 21211, reason: "No such number." } as const;
    const failed = judged(withAttempts([{}]), 1, { kind: "fail", failure }, NOW);
    expect(failed).toMatchObject({
      state: "failed",
      failure,
      attempts: [{ error_code: 21211 }],
    });
    expect(failed).not.toHaveProperty("due_at");
  });
});

describe("a call that is called back", () => {
  const start = { account: "fingerprint", at: plusSeconds(NOW, 600) };

  test.each(["accepted", "scheduled", "held"] as const)("while %s ends, and nothing is due", (state) => {
    const call = canceled(outboundCall({ state, start, due_at: start.at }), NOW);
    expect(call).toMatchObject({ state: "canceled", hold_reason: null, updated_at: NOW });
    expect([call?.due_at, call?.start]).toEqual([undefined, undefined]);
  });

  test.each(["claimed", "uncertain", "queued", "ringing", "in-progress", "completed", "failed"] as const)(
    "while %s goes on: it is too late",
    (state) => {
      expect(canceled(outboundCall({ state }), NOW)).toBeUndefined();
    },
  );

  test.each(["busy", "no-answer"] as const)(
    "is not made again when a try that was not found turns out to be %s",
    (state) => {
      const held = withAttempts([{ state: "absent" }], { state: "held", hold_reason: "retry" });
      const call = canceled(held, NOW) ?? expect.fail("not canceled");
      expect(afterReport(afterReport(call, "ringing"), state)).toMatchObject({ state });
    },
  );
});

test("the second that was kept for a call is used up by its attempt", () => {
  const start = { account: "fingerprint", at: NOW };
  const call = outboundCall({ state: "held", start });
  const sender = attempt().sender;
  expect(claimed(call, { ...OUTBOUND, sender }, NOW, 60).start).toBeUndefined();
});
