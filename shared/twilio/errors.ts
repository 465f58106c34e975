import { AppError, type ErrorCode } from "#shared/core/errors.ts";
import { classOfCode } from "./error-table.ts";
import { type FailureClass, policyOf } from "./failure-classes.ts";

export interface FailureInfo {
  /** `not_processed`: surely nothing happened; `rejected`: Twilio said no; `unclear`: it may have acted. */
  readonly certainty: "not_processed" | "rejected" | "unclear";
  readonly class: FailureClass;
  /** Twilio's error code, when it gave one. */
  readonly code?: number;
  readonly httpStatus?: number;
}

/**
 * A request to Twilio that failed, in our words. It never carries what the SDK threw, not even as its cause: that
 * holds the credentials, and its message quotes phone numbers.
 */
export class TwilioFailure extends AppError {
  readonly info: FailureInfo;

  constructor(info: FailureInfo) {
    const context = { service: "Twilio", ...(info.code === undefined ? {} : { twilioCode: info.code }) };
    super(codeOf(info), wordsFor(info), { context });
    this.name = "TwilioFailure";
    this.info = info;
  }
}

/** Node's codes for a connection that never came to be, so that nothing can have been sent. */
const NEVER_SENT = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN"];

/** Turns whatever the SDK or the network threw into what we may say and decide by. */
export function toTwilioFailure(error: unknown): TwilioFailure {
  return error instanceof TwilioFailure ? error : new TwilioFailure(classify(error));
}

/** What a failed request means: did Twilio act, and what kind of trouble is it. */
export function classify(error: unknown): FailureInfo {
  if (error instanceof TwilioFailure) return error.info;
  const httpStatus = numberAt(error, "status");
  if (httpStatus !== undefined) return classifyAnswer(httpStatus, numberAt(error, "code"));
  const neverSent = NEVER_SENT.includes(String(at(error, "code")));
  return neverSent
    ? { certainty: "not_processed", class: "transient" }
    : { certainty: "unclear", class: "uncertain" };
}

function classifyAnswer(httpStatus: number, code: number | undefined): FailureInfo {
  const known = code === undefined ? { httpStatus } : { httpStatus, code };
  if (httpStatus === 429 || code === 20429) {
    return {
      certainty: "not_processed",
      class: code === undefined ? "transient" : classOfCode(code),
      ...known,
    };
  }
  if (httpStatus >= 400 && httpStatus < 500 && code !== undefined) {
    return { certainty: "rejected", class: classOfCode(code), ...known };
  }
  return { certainty: "unclear", class: "uncertain", ...known };
}

function codeOf({ certainty, httpStatus }: FailureInfo): ErrorCode {
  if (certainty === "rejected") return httpStatus === 404 ? "not-found" : "failed-precondition";
  return httpStatus === 429 ? "resource-exhausted" : "unavailable";
}

function wordsFor({ certainty, class: failureClass, code, httpStatus }: FailureInfo): string {
  if (certainty === "not_processed") {
    return httpStatus === undefined
      ? "Twilio could not be reached; nothing was done."
      : "Twilio is too busy to take requests; nothing was done.";
  }
  if (certainty === "unclear") return "Twilio did not answer clearly; it is not known whether it acted.";
  const source = code === undefined ? "" : ` (https://www.twilio.com/docs/api/errors/${code})`;
  return `Twilio refused the request: ${policyOf(failureClass).says}${source}.`;
}

function numberAt(error: unknown, key: string): number | undefined {
  const value = at(error, key);
  return typeof value === "number" && Number.isInteger(value) && value > 0 ? value : undefined;
}

function at(error: unknown, key: string): unknown {
  return typeof error === "object" && error !== null ? Reflect.get(error, key) : undefined;
}
