import { describe, expect, test } from "vitest";
import { attempt, outboundMessage } from "#scripts/testing/outbound-message.ts";
import type { Attempt, OutboundMessage } from "#shared/messages/message.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import { verdictOn, verdictOnAbsent } from "./verdict.ts";

const NOW = new Date("2026-11-02T04:30:00Z");
const context = { now: NOW, random: () => 0.5, recheckSeconds: 120, accountIsWell: false };
const verdict = (error: unknown, changes: Partial<OutboundMessage> = {}, of: Partial<Attempt> = {}) => {
  const last = attempt(of);
  return verdictOn(error, outboundMessage({ attempts: [last], ...changes }), last, context);
};
const next = (...given: Parameters<typeof verdict>) => {
  const found = verdict(...given);
  return found.kind === "over" ? found.next : expect.fail("it is not over");
};
const at = (time: string) => new Date(`2026-11-02T${time}Z`);

const looked = { kind: "uncertain", looked: false, lookAt: at("04:32:00") };

test.each([
  ["a timeout", Object.assign(new Error("timeout"), { code: "ECONNABORTED" })],
  ["a reset", Object.assign(new Error("reset"), { code: "ECONNRESET" })],
  ["500", { status: 500, code: 20500 }],
  ["a gateway's 502", { status: 502 }],
  ["4xx without a code, which may be a proxy's", { status: 403 }],
  ["an answer that was not understood", new TwilioFailure({ certainty: "unclear", class: "uncertain" })],
  ["an unclear end of any class", new TwilioFailure({ certainty: "unclear", class: "sender" })],
  ["something of our own", new TypeError("undefined is not a function")],
  ["nothing at all", undefined],
])("after %s the message is looked for before it is sent again", (_, error) => {
  expect(verdict(error)).toEqual(looked);
});

test.each([
  ["429", { status: 429, code: 20429 }, 20429, "04:30:08.500"],
  ["429 without a code", { status: 429 }, null, "04:30:08.500"],
  ["a refused connection", { code: "ECONNREFUSED" }, null, "04:30:08.500"],
  ["an unknown host", { code: "ENOTFOUND" }, null, "04:30:08.500"],
  ["a full queue", { status: 400, code: 21611 }, 21611, "04:30:08.500"],
  ["a limit of the sender's for the day", { status: 400, code: 63018 }, 63018, "05:30:00"],
  ["the account's limit for the day", { status: 429, code: 63038 }, 63038, "05:30:00"],
])("after %s it is sent again later", (_, error, errorCode, time) => {
  const again = { kind: "retry", retryAt: at(time) };
  expect(verdict(error)).toEqual({ kind: "over", state: "rejected", errorCode, next: again });
});

test.each([
  [21608, 400, "account"],
  [21606, 400, "sender"],
  [21614, 400, "recipient"],
  [21610, 400, "opted_out"],
  [30007, 400, "compliance"],
  [63016, 400, "window"],
  [21655, 400, "template"],
  [21602, 400, "bug"],
  [99_999, 400, "bug"],
])(
  "after %d (HTTP %d) it has failed, class %s, and a person is told in words",
  (code, status, failureClass) => {
    expect(next({ status, code, message: "To +14155550142 is bad" })).toEqual({
      kind: "fail",
      failure: {
        class: failureClass,
        twilio_code: code,
        reason: expect.stringMatching(/^Twilio refused the message: [^+]+\.$/),
      },
    });
  },
);

test.each([
  [20003, 401],
  [20005, 403],
  [21660, 400],
])("after %d (HTTP %d) it waits until the account is well again", (code, status) => {
  const waits = { kind: "retry", reason: "account_trouble", retryAt: at("04:45:00") };
  expect(next({ status, code })).toEqual(waits);
  expect(next({ status, code }, { purpose: "test" }), "a test message says so at once").toMatchObject({
    kind: "fail",
  });
});

describe("a critical message", () => {
  const sms = { critical: true, fallback: { channel: "sms" } } as const;
  const email = { critical: true, fallback: { channel: "email", to: "a@b.example", subject: "Hi" } } as const;

  test.each([
    ["429", { status: 429, code: 20429 }],
    ["a refused token", { status: 401, code: 20003 }],
    ["a suspended account", { status: 403, code: 20005 }],
    ["a sender that is not the account's", { status: 400, code: 21660 }],
  ])("goes its other way at once after %s", (_, error) => {
    expect(next(error, sms)).toMatchObject({ kind: "fallback", failure: { twilio_code: error.code } });
    expect(next(error, { ...sms, on_fallback: true }), "but once only").not.toMatchObject({
      kind: "fallback",
    });
    expect(next(error, { ...sms, fallback: null })).not.toMatchObject({ kind: "fallback" });
  });

  test.each([
    ["an opt-out", 21610],
    ["a block", 63014],
    ["a filter", 30007],
    ["fraud protection", 30450],
    ["a fault of ours", 21602],
  ])("never gets around %s", (_, code) => {
    expect(next({ status: 400, code }, sms)).toMatchObject({ kind: "fail" });
    expect(next({ status: 400, code }, email)).toMatchObject({ kind: "fail" });
  });

  test("that cannot reach the recipient goes by another channel, not by another number", () => {
    const error = { status: 400, code: 21614 };
    expect(next(error, sms)).toMatchObject({ kind: "fail" });
    expect(next(error, email)).toMatchObject({ kind: "fallback" });
    expect(next(error, sms, { channel: "whatsapp" })).toMatchObject({ kind: "fallback" });
  });

  test("is looked for before it goes anywhere", () => {
    expect(verdict({ status: 500 }, sms)).toEqual(looked);
  });
});

describe("an attempt that Twilio surely does not have", () => {
  const absent = (tries: number, changes: Partial<OutboundMessage> = {}) => {
    const attempts = Array.from({ length: tries }, (_, index) =>
      attempt({ number: index + 1, state: "absent", started_at: NOW }),
    );
    const last = attempts.at(-1) ?? attempt();
    return verdictOnAbsent(outboundMessage({ attempts, accepted_at: NOW, ...changes }), last, context);
  };

  test("is made again at once, since it was waited for, and then less and less often", () => {
    const waits = [1, 2, 3, 20, 200].map((tries) => {
      const found = absent(tries);
      return found.kind === "over" && found.next.kind === "retry"
        ? (found.next.retryAt.getTime() - NOW.getTime()) / 1_000
        : undefined;
    });
    expect(waits).toEqual([0, 16, 31, 451, 1_801]);
    expect(absent(1)).toMatchObject({ kind: "over", state: "absent", errorCode: null });
  });

  test("of a critical message lets it go its other way", () => {
    const critical = { critical: true, fallback: { channel: "sms" } } as const;
    expect(absent(1, critical)).toMatchObject({ state: "absent", next: { kind: "fallback" } });
    expect(absent(1, { ...critical, on_fallback: true })).toMatchObject({ next: { kind: "retry" } });
  });
});
