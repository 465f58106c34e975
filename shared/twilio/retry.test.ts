import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { AppError } from "#shared/core/errors.ts";
import { TwilioFailure, toTwilioFailure } from "./errors.ts";
import { createRetry } from "./retry.ts";

const busy = toTwilioFailure({ status: 429, code: 20429 });

/** Fails with each of these in turn, then succeeds. */
function failing(...failures: Error[]) {
  const attempts: number[] = [];
  const act = async () => {
    attempts.push(performance.now());
    const failure = failures.shift();
    if (failure !== undefined) throw failure;
    return "sent";
  };
  return { act, attempts };
}

const quick = createRetry({ random: () => 0 });

test("tries what surely was not processed three times", async () => {
  const { act, attempts } = failing(busy, toTwilioFailure({ code: "ECONNREFUSED" }));
  expect(await quick(act)).toBe("sent");
  expect(attempts).toHaveLength(3);
});

test("gives up after the third with the last failure", async () => {
  const last = toTwilioFailure({ code: "ENOTFOUND" });
  const { act, attempts } = failing(busy, busy, last, busy);
  await expect(quick(act)).rejects.toBe(last);
  expect(attempts).toHaveLength(3);
});

test.each([
  ["may have been sent", toTwilioFailure({ code: "ECONNRESET" })],
  ["was refused", toTwilioFailure({ status: 400, code: 21610 })],
  ["is our own mistake", new TypeError("x is not a function")],
  ["is not Twilio's", new AppError("unavailable", "something else is down")],
])("never repeats what %s", async (_, failure) => {
  const { act, attempts } = failing(failure);
  await expect(quick(act)).rejects.toBe(failure);
  expect(attempts).toHaveLength(1);
});

describe("between attempts", () => {
  test("waits a random part of 200 and then of 400 milliseconds", async () => {
    const { act, attempts } = failing(busy, busy);
    const waits: { attempts: number; milliseconds: number }[] = [];
    const sleep = async (milliseconds: number) => waits.push({ attempts: attempts.length, milliseconds });
    await createRetry({ random: () => 0.5, sleep })(act);
    expect(waits).toEqual([
      { attempts: 1, milliseconds: 100 },
      { attempts: 2, milliseconds: 200 },
    ]);
  });

  test("does not go on before the wait is over", async () => {
    const { act, attempts } = failing(busy);
    const wait = Promise.withResolvers<void>();
    const asleep = Promise.withResolvers<void>();
    const sleep = () => {
      asleep.resolve();
      return wait.promise;
    };
    const work = createRetry({ sleep })(act);
    await asleep.promise;
    await setImmediate();
    expect(attempts).toHaveLength(1);
    wait.resolve();
    expect(await work).toBe("sent");
  });

  test("waits by the system's time unless told otherwise", async () => {
    const { act, attempts } = failing(busy);
    await createRetry({ random: () => 0.5 })(act);
    const [first = 0, second = 0] = attempts;
    // A timer may fire a millisecond early; late it may fire however busy the machine is.
    expect(second - first).toBeGreaterThanOrEqual(95);
  });

  test("tells who listens, and not after the last", async () => {
    const told: [TwilioFailure, number][] = [];
    const { act } = failing(busy, busy, busy);
    const retry = createRetry({
      random: () => 0,
      onRetry: (failure, attempt) => told.push([failure, attempt]),
    });
    await expect(retry(act)).rejects.toBeInstanceOf(TwilioFailure);
    expect(told).toEqual([
      [busy, 1],
      [busy, 2],
    ]);
  });
});
