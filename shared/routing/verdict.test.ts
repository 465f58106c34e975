import { expect, test } from "vitest";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import { backoffSeconds, verdictOn } from "./verdict.ts";

const NOW = new Date("2026-11-02T04:30:00Z");
const context = { now: NOW, random: () => 0.5, recheckSeconds: 120 };
const verdict = (error: unknown, attempt = 1) => verdictOn(error, attempt, context);
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
  ["429", { status: 429, code: 20429 }, { errorCode: 20429 }],
  ["429 without a code", { status: 429 }, {}],
  ["a refused connection", { code: "ECONNREFUSED" }, {}],
  ["an unknown host", { code: "ENOTFOUND" }, {}],
  ["a full queue", { status: 400, code: 21611 }, { errorCode: 21611 }],
  ["a limit of the sender's", { status: 400, code: 63018 }, { errorCode: 63018 }],
])("after %s it is sent again later", (_, error, code) => {
  expect(verdict(error)).toEqual({ kind: "retry", retryAt: at("04:30:08.500"), ...code });
});

test.each([
  [20003, 401, "credential"],
  [20005, 403, "account"],
  [21608, 400, "account"],
  [21660, 400, "sender"],
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
    expect(verdict({ status, code, message: "To +14155550142 is bad" })).toEqual({
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
  [1, 16],
  [2, 31],
  [3, 61],
  [4, 121],
  [7, 901],
  [100, 901],
])("before attempt %d's successor there are at most %d seconds, and at least one", (attempt, most) => {
  expect(backoffSeconds(attempt, () => 0)).toBe(1);
  expect(backoffSeconds(attempt, () => 1)).toBe(most);
});
