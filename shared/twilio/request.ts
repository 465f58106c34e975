import type { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import { TwilioFailure, toTwilioFailure } from "./errors.ts";
import type { Retry } from "./retry.ts";

/** Asks Twilio and reads its answer by `schema`. Throws a TwilioFailure when that did not work out. */
export type Request = <T>(schema: z.ZodType<T>, ask: () => Promise<unknown>) => Promise<T>;

export function createRequest(retry: Retry): Request {
  return (schema, ask) =>
    retry(async () => {
      const answer = await begin(ask).catch((error: unknown) => {
        throw error instanceof AppError ? error : toTwilioFailure(error);
      });
      const read = schema.safeParse(answer);
      // Twilio may have done what we asked, though it says so in words we do not know.
      if (!read.success) throw new TwilioFailure({ certainty: "unclear", class: "uncertain" });
      return read.data;
    });
}

/** Undefined when Twilio has no such thing, or no longer. */
export async function nothingWhen404<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (error instanceof TwilioFailure && error.info.httpStatus === 404) return undefined;
    throw error;
  });
}

/** What the SDK throws before there is a promise, it throws because a parameter is missing: nothing was sent. */
function begin(ask: () => Promise<unknown>): Promise<unknown> {
  try {
    return ask();
  } catch {
    throw new TwilioFailure({ certainty: "rejected", class: "bug" });
  }
}
