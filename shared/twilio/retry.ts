import { setTimeout as pause } from "node:timers/promises";
import pRetry from "p-retry";
import { TwilioFailure } from "./errors.ts";

export interface RetrySettings {
  /** A number from 0 up to 1, like `Math.random`. */
  readonly random?: () => number;
  readonly attempts?: number;
  /** The longest wait before the second attempt, in milliseconds; it doubles with each further one. */
  readonly baseMs?: number;
  readonly sleep?: (milliseconds: number) => Promise<unknown>;
  readonly onRetry?: (failure: TwilioFailure, attempt: number) => void;
}

export type Retry = <T>(act: () => Promise<T>) => Promise<T>;

/**
 * Tries again only what Twilio surely did not process: repeating anything else could send a message twice. Three
 * attempts, exponential backoff with full jitter. Throws what the last attempt threw.
 */
export function createRetry(settings: RetrySettings = {}): Retry {
  const { random = Math.random, attempts = 3, baseMs = 200, sleep = pause, onRetry } = settings;
  return (act) =>
    pRetry(act, {
      retries: attempts - 1,
      minTimeout: 0,
      shouldRetry: ({ error }) => isUnprocessed(error),
      // p-retry's own jitter only lengthens the wait; full jitter spreads it from zero.
      onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
        if (retriesLeft === 0 || !isUnprocessed(error)) return;
        onRetry?.(error, attemptNumber);
        await sleep(random() * baseMs * 2 ** (attemptNumber - 1));
      },
    });
}

function isUnprocessed(error: unknown): error is TwilioFailure {
  return error instanceof TwilioFailure && error.info.certainty === "not_processed";
}
