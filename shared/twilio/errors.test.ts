import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { AppError } from "#shared/core/errors.ts";
import { classify, toTwilioFailure } from "./errors.ts";

describe("what a failure means", () => {
  test.each([
    ["429", { status: 429, code: 20429 }, "not_processed", "transient"],
    ["429 from a gateway", { status: 429 }, "not_processed", "transient"],
    ["a daily limit", { status: 429, code: 63038 }, "not_processed", "throttle"],
    ["a refused connection", { code: "ECONNREFUSED" }, "not_processed", "transient"],
    ["an unknown host", { code: "ENOTFOUND" }, "not_processed", "transient"],
    ["a wrong token", { status: 401, code: 20003 }, "rejected", "credential"],
    ["an opt-out", { status: 400, code: 21610 }, "rejected", "opted_out"],
    ["a missing resource", { status: 404, code: 20404 }, "rejected", "bug"],
    ["a code of tomorrow", { status: 400, code: 98_765 }, "rejected", "bug"],
    ["a 4xx page without a code", { status: 403 }, "unclear", "uncertain"],
    ["a redirect", { status: 302 }, "unclear", "uncertain"],
    ["500", { status: 500, code: 20500 }, "unclear", "uncertain"],
    ["503", { status: 503, code: 20503 }, "unclear", "uncertain"],
    ["a 503 page of a gateway", { status: 503 }, "unclear", "uncertain"],
    ["a reset connection", { code: "ECONNRESET" }, "unclear", "uncertain"],
    ["a time-out", { code: "ECONNABORTED" }, "unclear", "uncertain"],
    ["a cancelled request", { code: "ERR_CANCELED" }, "unclear", "uncertain"],
    ["an answer that is not JSON", new SyntaxError("Unexpected token"), "unclear", "uncertain"],
    ["nothing at all", undefined, "unclear", "uncertain"],
  ])("%s", (_, error, certainty, failureClass) => {
    expect(classify(error)).toMatchObject({ certainty, class: failureClass });
  });

  test("is the same when asked twice", () => {
    const failure = toTwilioFailure({ status: 400, code: 21610 });
    expect(toTwilioFailure(failure)).toBe(failure);
    expect(classify(failure)).toBe(failure.info);
  });
});

describe("the error we throw instead", () => {
  test.each([
    [{ status: 400, code: 21610 }, "failed-precondition", false],
    [{ status: 404, code: 20404 }, "not-found", false],
    [{ status: 429, code: 20429 }, "resource-exhausted", true],
    [{ code: "ECONNREFUSED" }, "unavailable", true],
    [{ status: 500 }, "unavailable", true],
  ])("for %j is an AppError with code %s", (thrown, code, retry) => {
    const failure = toTwilioFailure(thrown);
    expect(failure).toBeInstanceOf(AppError);
    expect(failure).toMatchObject({ code, retry, context: { service: "Twilio" } });
  });

  test("names Twilio's code and what to read about it", () => {
    const failure = toTwilioFailure({ status: 401, code: 20003 });
    expect(failure.context.twilioCode).toBe(20003);
    expect(failure.message).toBe(
      "Twilio refused the request: the account SID and auth token were not accepted (https://www.twilio.com/docs/api/errors/20003).",
    );
  });

  test("repeats nothing of what the SDK threw", () => {
    const thrown = Object.assign(new Error("The 'To' number +919876543210 is not valid"), {
      status: 400,
      code: 21211,
      details: { to: "+919876543210" },
      config: { headers: { Authorization: "Basic QUMxMjM6c2VjcmV0" }, data: "Body=Hello+Priya" },
    });
    const failure = toTwilioFailure(thrown);
    const printed = `${inspect(failure, { depth: null, showHidden: true })} ${JSON.stringify(failure)} ${failure.stack}`;
    expect(printed).not.toMatch(/9876543210|QUMxMjM6c2VjcmV0|Priya/);
    expect(failure.cause).toBeUndefined();
  });
});
