import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  ACCEPTED_AT,
  attempt,
  messageSid,
  newAttempt,
  outboundMessage,
} from "#scripts/testing/outbound-message.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Next } from "./after-failure.ts";
import type { OutboundMessage } from "./message.ts";
import { type Report, reported } from "./reports.ts";
import { MessageState, type TwilioState } from "./state.ts";
import { claimed, judged, readiness, type Verdict } from "./transitions.ts";

const NOW = plusSeconds(ACCEPTED_AT, 600);
const SID = messageSid(1);
const FAILURE = { class: "recipient", twilio_code: 21614, reason: "Not a mobile number." } as const;
const NEW_ATTEMPT = newAttempt();
const over = (
  next: Next,
  errorCode: number | null = null,
  state: "rejected" | "absent" = "rejected",
): Verdict => ({
  kind: "over",
  state,
  errorCode,
  next,
});
const ABSENT = over({ kind: "retry", retryAt: NOW }, null, "absent");

const claimedMessage = (changes: Partial<OutboundMessage> = {}) =>
  outboundMessage({ state: "claimed", attempts: [attempt()], due_at: plusSeconds(NOW, 60), ...changes });

/** The message after a report that changes it. */
function reportedOn(message: OutboundMessage, report: Report, attemptNumber = 1): OutboundMessage {
  const result = reported(message, attemptNumber, report, NOW);
  return "message" in result ? result.message : expect.fail(`the report was ${result.outcome}`);
}

describe("readiness", () => {
  const dueAt = { no: undefined, later: plusSeconds(NOW, 1), now: NOW, earlier: plusSeconds(NOW, -1) };

  function readinessOf(state: MessageState, when: keyof typeof dueAt, expired: boolean) {
    const { due_at: _, ...rest } = outboundMessage({ state });
    const at = dueAt[when];
    const message = at === undefined ? rest : { ...rest, due_at: at };
    return readiness({ ...message, expires_at: expired ? NOW : plusSeconds(NOW, 1) }, NOW);
  }

  test.each([
    ["no", false, { accepted: "send" }],
    ["later", false, { accepted: "send" }],
    ["no", true, { accepted: "expire", scheduled: "expire", held: "expire" }],
    ["later", true, { accepted: "expire", scheduled: "expire", held: "expire" }],
    [
      "now",
      false,
      { accepted: "send", scheduled: "send", held: "send", claimed: "settle", uncertain: "settle" },
    ],
    [
      "earlier",
      false,
      { accepted: "send", scheduled: "send", held: "send", claimed: "settle", uncertain: "settle" },
    ],
    [
      "now",
      true,
      { accepted: "expire", scheduled: "expire", held: "expire", claimed: "settle", uncertain: "settle" },
    ],
    [
      "earlier",
      true,
      { accepted: "expire", scheduled: "expire", held: "expire", claimed: "settle", uncertain: "settle" },
    ],
  ] as const)("with due %s and expired %s", (when, expired, begun) => {
    const expected = new Map<string, string>(Object.entries(begun));
    for (const state of MessageState.options)
      expect(readinessOf(state, when, expired), state).toBe(expected.get(state) ?? "wait");
  });
});

describe("claiming", () => {
  test("puts the attempt on record, with its number, before Twilio is called", () => {
    const message = claimed(outboundMessage(), NEW_ATTEMPT, NOW, 60);
    expect(message).toMatchObject({ state: "claimed", hold_reason: null, updated_at: NOW });
    expect(message.attempts).toEqual([attempt({ started_at: NOW })]);
    expect(message.due_at).toEqual(new Date("2026-11-02T04:41:00Z"));
  });

  test("numbers a further attempt and leaves the earlier ones as they are", () => {
    const absent = attempt({ state: "absent" });
    const held = outboundMessage({ state: "held", hold_reason: "retry", attempts: [absent] });
    const message = claimed(held, NEW_ATTEMPT, NOW, 60);
    expect(message.hold_reason).toBeNull();
    expect(message.attempts).toEqual([absent, attempt({ number: 2, started_at: NOW })]);
  });
});

describe("reports", () => {
  test("move the message on, and take it off the list of what is due", () => {
    const message = reportedOn(claimedMessage(), { sid: SID, state: "queued", segments: 2 });
    expect(message).toMatchObject({
      state: "queued",
      segments: 2,
      attempts: [{ sid: SID, state: "queued" }],
    });
    expect(message).not.toHaveProperty("due_at");
  });

  test("keep a delivered message delivered when an older callback arrives late", () => {
    const delivered = reportedOn(claimedMessage(), { sid: SID, state: "delivered" });
    expect(reported(delivered, 1, { sid: SID, state: "sent" }, NOW)).toEqual({ outcome: "stale" });
  });

  test("tell nothing new when they come twice", () => {
    const sent = reportedOn(claimedMessage(), { sid: SID, state: "sent" });
    expect(reported(sent, 1, { sid: SID, state: "sent" }, NOW)).toEqual({ outcome: "stale" });
  });

  test("settle an uncertain message", () => {
    const uncertain = claimedMessage({ state: "uncertain", attempts: [attempt({ state: "uncertain" })] });
    expect(reportedOn(uncertain, { sid: SID, state: "sent" })).toMatchObject({ state: "sent" });
  });

  test("save a message from being sent again that was believed absent", () => {
    const held = outboundMessage({
      state: "held",
      hold_reason: "retry",
      attempts: [attempt({ state: "absent" })],
    });
    expect(reportedOn(held, { sid: SID, state: "delivered" })).toMatchObject({
      state: "delivered",
      hold_reason: null,
      attempts: [{ sid: SID, state: "delivered" }],
    });
  });

  test("of an earlier attempt are noted there, and leave the message to the current one", () => {
    const attempts = [attempt({ state: "absent" }), attempt({ number: 2 })];
    const message = claimedMessage({ attempts });
    const result = reported(message, 1, { sid: SID, state: "delivered" }, NOW);
    expect(result).toMatchObject({ outcome: "noted", message: { state: "claimed", due_at: message.due_at } });
    expect(result).toMatchObject({
      message: { attempts: [{ sid: SID, state: "delivered" }, { sid: null }] },
    });
  });

  test("of one that was believed absent tell that it was sent twice once the next is at Twilio too", () => {
    const attempts = [attempt({ state: "absent" }), attempt({ number: 2 })];
    const arrived = reportedOn(claimedMessage({ attempts }), { sid: SID, state: "delivered" }, 1);
    const other = { sid: messageSid(2), state: "queued" } as const;
    const result = reported(arrived, 2, other, NOW);
    expect(result).toMatchObject({ outcome: "doubled", message: { state: "queued" } });
  });

  test.each<Next>([
    { kind: "retry", retryAt: NOW },
    { kind: "fail", failure: FAILURE },
    { kind: "fallback", failure: FAILURE },
  ])(
    "of an earlier attempt keep the message from going out again when after the next would come %o",
    (next) => {
      const attempts = [attempt({ state: "absent" }), attempt({ number: 2 })];
      const arrived = reportedOn(claimedMessage({ attempts }), { sid: SID, state: "delivered" }, 1);
      const message = judged(arrived, 2, over(next), NOW);
      expect(message).toMatchObject({ state: "delivered", hold_reason: null, failure: null });
      expect(message).not.toHaveProperty("due_at");
    },
  );

  test("of an earlier attempt end the waiting for the next", () => {
    const attempts = [attempt({ state: "absent" }), attempt({ number: 2, state: "rejected" })];
    const held = outboundMessage({ state: "held", hold_reason: "retry", attempts });
    const message = reportedOn(held, { sid: SID, state: "sent" }, 1);
    expect(message).toMatchObject({ state: "sent", hold_reason: null });
    expect(message).not.toHaveProperty("due_at");
  });

  test("of trouble do not make a message wait past its time", () => {
    const late = claimedMessage({ expires_at: plusSeconds(NOW, 60) });
    const message = reportedOn(late, { sid: SID, state: "failed", errorCode: 30002 });
    expect(message).toMatchObject({ state: "failed", failure: { class: "account", twilio_code: 30002 } });
  });

  test("keep the count of segments when Twilio has not counted yet", () => {
    const message = claimedMessage({ segments: 3 });
    expect(reportedOn(message, { sid: SID, state: "queued", segments: 0 }).segments).toBe(3);
    expect(reportedOn(message, { sid: SID, state: "queued" }).segments).toBe(3);
  });

  test("carry the error code, which a later report without one does not erase", () => {
    const sent = reportedOn(claimedMessage(), { sid: SID, state: "sent", errorCode: 30018 });
    expect(reportedOn(sent, { sid: SID, state: "delivered" }).attempts[0]?.error_code).toBe(30018);
  });

  test("of an end leave nothing due", () => {
    expect(reportedOn(claimedMessage(), { sid: SID, state: "undelivered" })).not.toHaveProperty("due_at");
  });

  test("cannot give an attempt another SID", () => {
    const sent = reportedOn(claimedMessage(), { sid: SID, state: "sent" });
    const foreign = { sid: messageSid(2), state: "delivered" } as const;
    expect(reported(sent, 1, foreign, NOW)).toEqual({ outcome: "foreign" });
  });

  test("of one salon cannot touch another salon's message", () => {
    const from = { salonId: SalonId.parse("salon-mallory"), account: attempt().account };
    const result = reported(claimedMessage(), 1, { sid: SID, state: "failed", from }, NOW);
    expect(result).toEqual({ outcome: "forbidden" });
  });

  test("of one account cannot touch an attempt that another account was asked", () => {
    const from = { salonId: claimedMessage().salon_id, account: "fingerprint-of-an-old-account" };
    const result = reported(claimedMessage(), 1, { sid: SID, state: "failed", from }, NOW);
    expect(result).toEqual({ outcome: "forbidden" });
  });

  test.each([0, 2, -1, 1.5, Number.NaN])("of attempt %d, which was never made, change nothing", (number) => {
    expect(reported(claimedMessage(), number, { sid: SID, state: "sent" }, NOW)).toEqual({
      outcome: "unknown",
    });
  });
});

describe("in whatever order, and however often, Twilio's reports come", () => {
  const lives: [TwilioState, ...TwilioState[]][] = [
    ["queued", "sending", "sent", "delivered"],
    ["queued", "sent", "delivered", "read"],
    ["queued", "sending", "sent", "undelivered"],
    ["queued", "sending", "failed"],
    ["queued", "failed"],
    ["queued", "canceled"],
  ];
  /** A whole life of a message, each state told at least once, shuffled; a worker's doubt comes somewhere between. */
  const stories = fc.constantFrom(...lives).chain((life) =>
    fc
      .array(fc.constantFrom(...life), { maxLength: 6 })
      .chain((repeated) => {
        const told = [...life, ...repeated, "doubt" as const];
        return fc.shuffledSubarray(told, { minLength: told.length });
      })
      .map((told) => ({ life, told })),
  );
  const doubt: Verdict = { kind: "uncertain", looked: false, lookAt: plusSeconds(NOW, 120) };

  test("the message ends where its life ended, never moves back, and keeps its SID", () => {
    fc.assert(
      fc.property(stories, ({ life, told }) => {
        let message = claimedMessage();
        let furthest = -1;
        for (const word of told) {
          if (word === "doubt") message = judged(message, 1, doubt, NOW) ?? message;
          else {
            const result = reported(message, 1, { sid: SID, state: word }, NOW);
            message = "message" in result ? result.message : message;
          }
          const place = life.map(String).indexOf(message.state);
          expect(place).toBeGreaterThanOrEqual(furthest);
          furthest = place;
        }
        expect(message.state).toBe(life.at(-1));
        expect(message.attempts).toMatchObject([{ sid: SID, state: life.at(-1) }]);
      }),
      { numRuns: 500 },
    );
  });

  test("a report under another SID changes nothing, wherever it comes in", () => {
    fc.assert(
      fc.property(stories, fc.nat({ max: 12 }), ({ told }, place) => {
        const states = told.filter((word) => word !== "doubt");
        const reports = states.map((state) => ({ sid: SID, state }));
        // The first SID wins, so the stranger never comes first.
        const mixed = reports.toSpliced(1 + (place % reports.length), 0, {
          sid: messageSid(2),
          state: "read",
        });
        const play = (all: readonly Report[]) =>
          all.reduce((message, report) => {
            const result = reported(message, 1, report, NOW);
            return "message" in result ? result.message : message;
          }, claimedMessage());
        expect(play(mixed)).toEqual(play(reports));
      }),
    );
  });
});

describe("verdicts", () => {
  const lookAt = plusSeconds(NOW, 120);

  test("an unclear answer makes the message uncertain until it is looked for", () => {
    const message = judged(claimedMessage(), 1, { kind: "uncertain", looked: false, lookAt }, NOW);
    expect(message).toMatchObject({ state: "uncertain", due_at: lookAt, attempts: [{ looks: 0 }] });
  });

  test("a look that found nothing is counted", () => {
    const message = judged(claimedMessage(), 1, { kind: "uncertain", looked: true, lookAt }, NOW);
    expect(message).toMatchObject({ state: "uncertain", attempts: [{ state: "uncertain", looks: 1 }] });
  });

  test("an absent attempt is closed and the message held for the next", () => {
    const message = judged(claimedMessage(), 1, ABSENT, NOW);
    expect(message).toMatchObject({ state: "held", hold_reason: "retry", due_at: NOW });
    expect(message?.attempts).toMatchObject([{ state: "absent", sid: null }]);
  });

  test("a refusal that passes is closed with its code and the message held", () => {
    const message = judged(claimedMessage(), 1, over({ kind: "retry", retryAt: lookAt }, 20429), NOW);
    expect(message).toMatchObject({ state: "held", hold_reason: "retry", due_at: lookAt, failure: null });
    expect(message?.attempts).toMatchObject([{ state: "rejected", error_code: 20429 }]);
  });

  test("a refusal for good ends the message, of which nothing is due", () => {
    const message = judged(claimedMessage(), 1, over({ kind: "fail", failure: FAILURE }, 21614), NOW);
    expect(message).toMatchObject({ state: "failed", failure: FAILURE });
    expect(message).not.toHaveProperty("due_at");
    expect(message?.attempts).toMatchObject([{ state: "rejected", error_code: 21614 }]);
  });

  test.each(["queued", "delivered", "failed", "expired"] as const)(
    "come too late for a message that is %s",
    (state) => {
      const message = claimedMessage({ state, attempts: [attempt({ sid: SID, state: "queued" })] });
      expect(judged(message, 1, ABSENT, NOW)).toBeUndefined();
    },
  );

  test("of a worker that lost its lease do not touch the attempt that came after", () => {
    const attempts = [attempt({ state: "absent" }), attempt({ number: 2 })];
    expect(
      judged(claimedMessage({ attempts }), 1, over({ kind: "fail", failure: FAILURE }), NOW),
    ).toBeUndefined();
  });

  test("do not close an attempt whose SID is known", () => {
    const message = claimedMessage({ attempts: [attempt({ sid: SID })] });
    expect(judged(message, 1, ABSENT, NOW)).toBeUndefined();
  });
});
