import { beforeEach, describe, expect, test } from "vitest";
import { atOnce, tally } from "#scripts/testing/at-once.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createPartyOf, E164 } from "#shared/core/phone.ts";
import { Secret } from "#shared/core/secret.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createThreads } from "./threads.ts";

const START = new Date("2026-11-02T04:30:00Z");
const first = E164.parse("+14155550100");
const second = E164.parse("+14155550101");
const third = E164.parse("+14155550102");
const numbers = [first, second, third];

let now = START;
const database = createDatabase(uniqueProjectId());
const partyOf = createPartyOf(new Secret("a key for tests, of no value elsewhere"));
const threads = createThreads({ database, clock: { now: () => now }, partyOf });
const aSalon = () => SalonId.parse(uniqueSalonId());

let serial = 1000;
let party: string;
beforeEach(() => {
  now = START;
  party = partyOf(`+1415555${serial++}`);
});
const later = (days: number) => {
  now = plusSeconds(now, days * 86_400);
};

describe("claiming", () => {
  test("gives a salon the same number for a customer every time, and brings the reply home", async () => {
    const salonId = aSalon();
    expect(await threads.claim({ salonId, party, numbers })).toBe(first);
    later(100);
    expect(await threads.claim({ salonId, party, numbers: [third, second, first] })).toBe(first);
    expect(await threads.salonOf(first, party)).toBe(salonId);
    expect(await threads.salonOf(second, party)).toBeUndefined();
  });

  test("gives two salons different numbers for one customer, and one number for different customers", async () => {
    const [a, b] = [aSalon(), aSalon()];
    const other = partyOf("+14155559999");
    expect(await threads.claim({ salonId: a, party, numbers })).toBe(first);
    expect(await threads.claim({ salonId: b, party, numbers })).toBe(second);
    expect(await threads.claim({ salonId: b, party: other, numbers })).toBe(first);
    expect(await threads.salonOf(first, party)).toBe(a);
    expect(await threads.salonOf(first, other)).toBe(b);
  });

  test("gives nothing when every number is another's, and one again after its 30 days", async () => {
    const [a, b] = [aSalon(), aSalon()];
    await threads.claim({ salonId: a, party, numbers: [first] });
    later(29);
    expect(await threads.claim({ salonId: b, party, numbers: [first] })).toBeUndefined();
    expect(await threads.salonOf(first, party)).toBe(a);
    later(1);
    expect(await threads.claim({ salonId: b, party, numbers: [first] })).toBe(first);
    expect(await threads.salonOf(first, party)).toBe(b);
  });

  test("gives nothing of nothing", async () => {
    expect(await threads.claim({ salonId: aSalon(), party, numbers: [] })).toBeUndefined();
  });

  test("puts no phone number into an id or a document", async () => {
    await threads.claim({ salonId: aSalon(), party, numbers });
    const found = await database.firestore.collection("threads").where("party", "==", party).get();
    const all = JSON.stringify(found.docs.map((document) => [document.id, document.data()]));
    expect(found.size).toBe(1);
    for (const number of numbers) expect(all).not.toContain(number.slice(1));
  });
});

describe("a blocked number", () => {
  test("is given to no salon, also not to the one that uses it, until it is unblocked", async () => {
    const salonId = aSalon();
    await threads.claim({ salonId, party, numbers });
    await threads.block(first, party, now);
    expect(await threads.claim({ salonId, party, numbers: [first] })).toBeUndefined();
    expect(await threads.claim({ salonId, party, numbers })).toBe(second);
    later(1);
    await threads.unblock(first, party, now);
    expect(await threads.claim({ salonId: aSalon(), party, numbers: [first] })).toBeUndefined();
    expect(await threads.claim({ salonId, party, numbers: [first] })).toBe(first);
  });

  test("stays blocked when nobody's customer said so, and belongs to nobody", async () => {
    await threads.block(first, party, now);
    expect(await threads.salonOf(first, party)).toBeUndefined();
    expect(await threads.claim({ salonId: aSalon(), party, numbers })).toBe(second);
  });
});

describe("at the same moment", () => {
  test("two salons never get one number for one customer", async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < 30; round += 1) {
      const customer = `${party}-${round}`;
      const salons = [aSalon(), aSalon()];
      const given = await Promise.all(
        salons.map((salonId) => threads.claim({ salonId, party: customer, numbers })),
      );
      outcomes.push(new Set(given).size === 2 && !given.includes(undefined) ? "different" : "the same");
    }
    printCount(`two salons claim for one customer, 30 times: ${JSON.stringify(tally(outcomes))}`);
    expect(tally(outcomes)).toEqual({ different: 30 });
  });

  test("of eight salons with three numbers three get one each, and five none", async () => {
    const given = await atOnce(8, () => threads.claim({ salonId: aSalon(), party, numbers }));
    const counts = tally(
      given.map((number) => (number === undefined ? "none" : `number ${numbers.indexOf(number)}`)),
    );
    printCount(`eight salons claim three numbers for one customer: ${JSON.stringify(counts)}`);
    expect(counts).toEqual({ "number 0": 1, "number 1": 1, "number 2": 1, none: 5 });
  });

  test("one salon that claims ten times has one number", async () => {
    const salonId = aSalon();
    const given = await atOnce(10, () => threads.claim({ salonId, party, numbers }));
    printCount(`one salon claims ten times at once: ${new Set(given).size} number`);
    expect(new Set(given)).toEqual(new Set([first]));
  });

  test("a number that is blocked while it is claimed is not given afterwards", async () => {
    const claims = atOnce(5, () => threads.claim({ salonId: aSalon(), party, numbers: [first] }));
    await Promise.all([claims, threads.block(first, party, now)]);
    expect(await threads.claim({ salonId: aSalon(), party, numbers: [first] })).toBeUndefined();
  });
});
