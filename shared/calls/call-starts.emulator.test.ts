import { afterAll, expect, test } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { createDatabase, type Database } from "#shared/runtime/database.ts";
import { createCallStarts } from "./call-starts.ts";

const database = createDatabase(uniqueProjectId());
const clock = createMovingClock(new Date("2026-11-23T10:00:00Z"));
const TOMORROW = plusSeconds(clock.now(), 86_400);
afterAll(() => database.firestore.terminate());

test("a hundred calls at once get a second each, in a few writes", async () => {
  let writes = 0;
  const counted: Database = {
    ...database,
    transact: (work) => {
      writes += 1;
      return database.transact(work);
    },
  };
  const starts = createCallStarts(counted, clock);
  const first = await starts.reserve("hundred", TOMORROW);
  const others = await atOnce(100, () => starts.reserve("hundred", TOMORROW));
  const seconds = [first, ...others].map((at) => ((at?.getTime() ?? 0) - clock.now().getTime()) / 1_000);
  expect(seconds).toEqual(Array.from({ length: 101 }, (_, second) => second));
  printCount(`seconds for 101 calls: ${writes} writes`);
  expect(writes).toBeLessThanOrEqual(4);
});

test("what nobody wants by then takes no second from the others", async () => {
  const starts = createCallStarts(database, clock);
  const soon = plusSeconds(clock.now(), 1);
  const taken = await Promise.all(
    [TOMORROW, soon, TOMORROW].map((before) => starts.reserve("wanted", before)),
  );
  expect(taken).toEqual([clock.now(), undefined, soon]);
});

test("accounts do not wait for each other, and a second that has passed is not given", async () => {
  const starts = createCallStarts(database, clock);
  expect(await atOnce(3, (index) => starts.reserve(`account-${index}`, TOMORROW))).toEqual(
    Array.from({ length: 3 }, () => clock.now()),
  );
  clock.pass(60);
  expect(await starts.reserve("account-0", TOMORROW)).toEqual(clock.now());
});

test("after a write that failed the next ones are made", async () => {
  let fails = true;
  const flaky: Database = {
    ...database,
    transact: (work) => (fails ? Promise.reject(new Error("away")) : database.transact(work)),
  };
  const starts = createCallStarts(flaky, clock);
  const failed = await Promise.allSettled([1, 2].map(() => starts.reserve("flaky", TOMORROW)));
  expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  fails = false;
  expect(await starts.reserve("flaky", TOMORROW)).toEqual(clock.now());
});
