import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createNumberPool, type PooledNumber } from "./number-pool.ts";

const WANTED = { country: "US", parent: "default" };

const database = createDatabase(uniqueProjectId());
const numbers = database.firestore.collection("phone_numbers");
const clock = createMovingClock(new Date("2026-11-20T10:59:00Z"));
const pool = createNumberPool(database, clock, Math.random);
const newSalon = () => SalonId.parse(uniqueSalonId());
afterAll(() => database.firestore.terminate());
beforeEach(async () => {
  for (const document of await numbers.listDocuments()) await document.delete();
});

async function stock(count: number, changes: Partial<PooledNumber> = {}): Promise<void> {
  for (let index = 0; index < count; index += 1) {
    const sid = `PN${uniqueSalonId()}`;
    const number: PooledNumber = {
      sid,
      phone_number: E164.parse(`+1415555${1_000 + index}`),
      country: "US",
      parent: "default",
      state: "free",
      salon_id: null,
      pick: index / count,
      ...changes,
    };
    await numbers.doc(sid).set(number);
  }
}

describe("20 salons that claim at the same moment", () => {
  test("get the 20 numbers there are, each its own", async () => {
    await stock(20);
    const started = performance.now();
    const claims = await atOnce(20, () => pool.claim(newSalon(), WANTED));
    const distinct = new Set(claims.map((claim) => claim?.sid));
    distinct.delete(undefined);
    const ms = Math.round(performance.now() - started);
    printCount(`20 salons claimed 20 numbers at once: ${distinct.size} distinct, in ${ms} ms`);
    expect(distinct.size).toBe(20);
    const owners = (await numbers.get()).docs.map((document) => document.get("salon_id"));
    expect(new Set(owners).size).toBe(20);
  });

  test("share 5 numbers so that 5 get one and 15 get none", async () => {
    await stock(5);
    const claims = await atOnce(20, () => pool.claim(newSalon(), WANTED));
    const given = claims.flatMap((claim) => (claim === undefined ? [] : [claim.sid]));
    printCount(`20 salons claimed 5 numbers at once: ${given.length} given, ${new Set(given).size} distinct`);
    expect([given.length, new Set(given).size]).toEqual([5, 5]);
  });
});

describe("a salon", () => {
  test("gets nothing from an empty pool", async () => {
    expect(await pool.claim(newSalon(), WANTED)).toBeUndefined();
  });

  test("gets its own number again when it resumes, and no second one", async () => {
    await stock(3);
    const salonId = newSalon();
    const first = await pool.claim(salonId, WANTED);
    expect(await pool.claim(salonId, WANTED)).toEqual(first);
    expect((await numbers.where("state", "==", "free").get()).size).toBe(2);
  });

  test.each([{ country: "GB" }, { parent: "second" }, { state: "assigned" as const }])(
    "gets no number that is %j",
    async (changes) => {
      await stock(2, changes);
      expect(await pool.claim(newSalon(), WANTED)).toBeUndefined();
    },
  );

  test("finds a free number wherever the random place falls", async () => {
    for (const place of [0, 0.5, 0.999]) {
      await stock(1, { pick: 0.4 });
      const placed = createNumberPool(database, clock, () => place);
      expect(await placed.claim(newSalon(), WANTED)).toBeDefined();
    }
  });

  test("has in the books what it was given, be it claimed or bought", async () => {
    const salonId = newSalon();
    const bought = { sid: "PNbought", phone_number: E164.parse("+14155550123"), ...WANTED };
    await pool.assign(bought, salonId);
    expect((await numbers.doc("PNbought").get()).data()).toMatchObject({
      state: "assigned",
      salon_id: salonId,
    });
    expect((await pool.claim(salonId, WANTED))?.sid).toBe("PNbought");
  });
});

test("ten purchases at once stop at the hour's limit of three, and the next hour counts anew", async () => {
  const attempts = await Promise.allSettled(Array.from({ length: 10 }, () => pool.budgetPurchase(3)));
  const allowed = attempts.filter(({ status }) => status === "fulfilled").length;
  printCount(`10 purchases at once under a limit of 3: ${allowed} allowed`);
  expect(allowed).toBe(3);
  await expect(pool.budgetPurchase(3)).rejects.toMatchObject({ code: "resource-exhausted" });
  clock.pass(60);
  await expect(pool.budgetPurchase(3)).resolves.toBeUndefined();
});
