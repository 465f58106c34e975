import { expect, test } from "vitest";
import { attempt as callAttempt } from "#scripts/testing/outbound-call.ts";
import { ACCEPTED_AT as NOW } from "#scripts/testing/outbound-message.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { verdictOnCall } from "./call-verdict.ts";

const context = { now: NOW, random: () => 0.5, recheckSeconds: 120, inTrouble: true };
const after = (error: object, earlier: readonly (number | null)[], inTrouble: boolean) => {
  const attempts = [...earlier, null].map((error_code, index) =>
    callAttempt({ number: index + 1, error_code }),
  );
  return verdictOnCall(error, { attempts }, { ...context, inTrouble });
};
const verdict = (error: object, number = 1) => after(error, Array(number - 1).fill(null), true);
const lookAt = plusSeconds(NOW, 120);

test.each([
  ["a time-out", { code: "ECONNABORTED" }],
  ["a reset", { code: "ECONNRESET" }],
  ["500", { status: 500, code: 20500 }],
  ["503 without a code", { status: 503 }],
  ["400 that is no answer of Twilio's", { status: 400 }],
])("%s leaves open whether somebody's phone rings, so it is looked for", (_, error) => {
  expect(verdict(error)).toEqual({ kind: "uncertain", looked: false, lookAt });
});

test.each([
  ["a refused connection", { code: "ECONNREFUSED" }, null],
  ["429", { status: 429, code: 20429 }, 20429],
  ["too many calls at once", { status: 400, code: 10004 }, 10004],
])("after %s the call is made later", (_, error, errorCode) => {
  const retryAt = plusSeconds(NOW, 8.5);
  expect(verdict(error)).toEqual({ kind: "retry", reason: "retry", retryAt, errorCode });
});

test("waits grow, up to a quarter of an hour", () => {
  const waits = [1, 2, 3, 10, 99].map((number) => {
    const each = verdict({ code: "ECONNREFUSED" }, number);
    return each.kind === "retry" ? (each.retryAt.getTime() - NOW.getTime()) / 1_000 : undefined;
  });
  expect(waits).toEqual([8.5, 16, 31, 451, 451]);
});

test.each([20003, 20403, 10001])("after %d the account's calls wait until it is well again", (code) => {
  expect(verdict({ status: 401, code })).toMatchObject({
    kind: "retry",
    reason: "account_trouble",
    errorCode: code,
  });
});

test.each([20003, 21660])(
  "after %d of an account that is well it is made once more, and then has failed",
  (code) => {
    const refused = { status: 400, code };
    expect(after(refused, [], false)).toMatchObject({ kind: "retry", reason: "retry", errorCode: code });
    expect(after(refused, [20429], false)).toMatchObject({ kind: "retry", reason: "retry" });
    expect(after(refused, [code], false)).toMatchObject({ kind: "fail", failure: { twilio_code: code } });
  },
);

test.each([
  [21211, "recipient"],
  [21214, "recipient"],
  [13225, "compliance"],
  [21216, "compliance"],
  [21215, "account"],
  [21210, "account"],
  [99999, "bug"],
])("%d ends the call, by its class", (code, failureClass) => {
  const failure = {
    class: failureClass,
    twilio_code: code,
    reason: expect.stringMatching(/^Twilio refused/),
  };
  expect(verdict({ status: 400, code })).toEqual({ kind: "fail", failure });
});

test("a call that was tried five hundred times is tried no more", () => {
  expect(verdict({ code: "ECONNREFUSED" }, 499)).toMatchObject({ kind: "retry" });
  expect(verdict({ code: "ECONNREFUSED" }, 500)).toMatchObject({ kind: "fail" });
});
