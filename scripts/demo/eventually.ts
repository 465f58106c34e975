import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 25;

/** Asks again until there is an answer; fails with what was waited for when it does not come in time. */
export async function eventually<T>(
  what: string,
  ask: () => Promise<T | undefined>,
  withinMs = 15_000,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${withinMs / 1000} s for: ${what}`);
    await delay(POLL_MS);
  }
}

/** Stops the step with a sentence when something is not as it must be. */
export function ensure(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}
