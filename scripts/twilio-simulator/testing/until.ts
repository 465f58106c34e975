import { setTimeout as sleep } from "node:timers/promises";

/** Asks again until there is an answer that is not undefined or false; fails after five seconds. */
export async function until<T>(look: () => T | Promise<T>): Promise<Exclude<T, undefined | false>> {
  const deadline = Date.now() + 5000;
  for (;;) {
    const found = await look();
    if (isFound(found)) return found;
    if (Date.now() > deadline) throw new Error(`Waited five seconds in vain for ${look.toString()}`);
    await sleep(5);
  }
}

function isFound<T>(value: T): value is Exclude<T, undefined | false> {
  return value !== undefined && value !== false;
}
