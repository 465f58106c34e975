import { expect, test } from "vitest";
import { createRandom } from "./random.ts";
import { startTwilioSimulator } from "./simulator.ts";

test("repeats itself for the same seed", () => {
  const [one, other] = [createRandom(7, "sids"), createRandom(7, "sids")];
  const draw = () => [one.sid("SM"), one.next(), one.below(10)];
  expect(draw()).toEqual([other.sid("SM"), other.next(), other.below(10)]);
});

test("gives each seed and each purpose a sequence of its own", () => {
  const firsts = [createRandom(7, "sids"), createRandom(8, "sids"), createRandom(7, "faults")].map((random) =>
    random.hex(32),
  );
  expect(new Set(firsts).size).toBe(3);
});

test("makes SIDs of Twilio's form, none twice", () => {
  const random = createRandom(1, "sids");
  const sids = Array.from({ length: 1000 }, () => random.sid("SM"));
  expect(sids.every((sid) => /^SM[0-9a-f]{32}$/.test(sid))).toBe(true);
  expect(new Set(sids).size).toBe(1000);
});

test("shuffles without losing anything", () => {
  expect(createRandom(1, "any").shuffled([1, 2, 3, 4, 5]).sort()).toEqual([1, 2, 3, 4, 5]);
});

test("gives the main account the same credentials for the same seed, and others for another", async () => {
  const mains = [];
  for (const seed of [3, 3, 4]) {
    const simulator = await startTwilioSimulator({ seed });
    mains.push(simulator.main);
    await simulator.close();
  }
  expect(mains[0]).toEqual(mains[1]);
  expect(mains[0]).not.toEqual(mains[2]);
});
