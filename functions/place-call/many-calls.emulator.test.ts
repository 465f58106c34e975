import { afterAll, beforeAll, expect, test } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import { type CallsBench, startCallsBench } from "#scripts/testing/calls-bench.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { CallId } from "#shared/calls/outbound-call.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { dueDocuments } from "#shared/runtime/due-work.ts";

const CALLS = 320;
const INSTANCES = 20;
const TICK_SECONDS = 60;
const MOST_TICKS = 20;

let bench: CallsBench;
beforeAll(async () => {
  bench = await startCallsBench();
});
afterAll(() => bench.stop());

/** What one tick wakes goes to many instances at once; gives the moments at which calls begin, in milliseconds. */
async function tick(): Promise<number[]> {
  const now = bench.clock.now();
  const due = await dueDocuments(bench.database, "calls", now, { limit: 1_000 });
  bench.slept.splice(0);
  const instances = Array.from({ length: INSTANCES }, () => bench.worker({ deaf: true }));
  await Promise.allSettled(due.map(({ id }, index) => instances[index % INSTANCES]?.place(CallId.parse(id))));
  return bench.slept.map((wait) => now.getTime() + wait);
}

test("320 calls of one account for one moment begin a second apart, each in the one second that it took", async () => {
  const { salonId } = await bench.salon();
  const sendAt = plusSeconds(bench.clock.now(), TICK_SECONDS);
  await atOnce(CALLS, () => bench.accept(salonId, bench.customer(), { sendAt }));
  const starts: number[] = [];
  let ticks = 0;
  while (starts.length < CALLS && ticks < MOST_TICKS) {
    bench.clock.pass(TICK_SECONDS);
    starts.push(...(await tick()));
    ticks += 1;
  }
  const seconds = starts.map((at) => (at - sendAt.getTime()) / 1_000).toSorted((one, other) => one - other);
  expect(seconds).toEqual(Array.from({ length: CALLS }, (_, second) => second));
  printCount(`${CALLS} calls for one moment: begun in ${(seconds.at(-1) ?? 0) + 1} s, over ${ticks} ticks`);
}, 180_000);
