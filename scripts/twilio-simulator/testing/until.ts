import { setTimeout as sleep } from "node:timers/promises";

/** As long as a busy machine may need. */
const PATIENCE_MS = 20_000;

/** Asks again until there is an answer that is not undefined or false; fails when none comes in time. */
export async function until<T>(look: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await look();
    if (isFound(found)) return found;
    if (Date.now() > deadline)
      throw new Error(`Waited ${PATIENCE_MS / 1_000} s in vain for ${look.toString()}`);
    await sleep(5);
  }
}

function isFound<T>(value: T): value is Exclude<T, undefined | false> {
  return value !== undefined && value !== false;
}
