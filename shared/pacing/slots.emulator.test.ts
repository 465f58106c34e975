import { afterAll, describe, expect, it } from "vitest";
import { atOnce } from "#scripts/testing/at-once.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { printCount } from "#scripts/testing/print-count.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createSlots } from "./slots.ts";

const database = createDatabase(uniqueProjectId());
const clock = createMovingClock(new Date("2026-11-22T10:00:00.000Z"));
const slots = createSlots(database, clock);
afterAll(() => database.firestore.terminate());

const newSalon = () => SalonId.parse(uniqueSalonId());
const atAnyTime = (size: number) => ({ size, mayGoAt: (at: Date) => at, before: undefined });
const reserve = (salonId: SalonId, channel: "sms" | "whatsapp", ...sizes: number[]) =>
  slots.reserve({ salonId, channel, wishes: sizes.map(atAnyTime) });
const sms = (salonId: SalonId, ...sizes: number[]) => reserve(salonId, "sms", ...sizes);
const ms = (dates: readonly (Date | undefined)[]) =>
  dates.map((date) => (date?.getTime() ?? Number.NaN) - clock.now().getTime());

describe("a reservation", () => {
  it("goes on behind the one before, also of another instance", async () => {
    const salonId = newSalon();
    expect(ms(await sms(salonId, 1, 2, 1))).toEqual([0, 1_429, 4_287]);
    const other = createSlots(database, clock);
    const wishes = [atAnyTime(1)];
    expect(ms(await other.reserve({ salonId, channel: "sms", wishes }))).toEqual([5_716]);
  });

  it("begins at once after a pause", async () => {
    const salonId = newSalon();
    await sms(salonId, 1, 1);
    clock.pass(60);
    expect(ms(await sms(salonId, 1))).toEqual([0]);
  });

  it("keeps salons and channels apart", async () => {
    const salonId = newSalon();
    await sms(salonId, 10);
    expect(ms(await sms(newSalon(), 1, 1))).toEqual([0, 1_429]);
    expect(ms(await reserve(salonId, "whatsapp", 1, 1))).toEqual([0, 18]);
  });

  it("gives no slot twice to 10 callers at once", async () => {
    const salonId = newSalon();
    const given = (await atOnce(10, () => sms(salonId, ...Array.from({ length: 20 }, () => 1)))).flat();
    const instants = ms(given).sort((one, other) => one - other);
    const gaps = instants.slice(1).map((instant, index) => instant - (instants[index] ?? 0));
    printCount(
      `slots: ${new Set(instants).size} different ones for 200 messages, reserved by 10 callers at once`,
    );
    expect(new Set(gaps)).toEqual(new Set([1_429]));
    expect(gaps).toHaveLength(199);
  });

  it("of nothing writes nothing", async () => {
    const salonId = newSalon();
    expect(await sms(salonId)).toEqual([]);
    expect((await database.firestore.doc(`pacing/${salonId}_sms`).get()).exists).toBe(false);
  });

  it.each([[[0]], [[1, -1]], [[1.5]], [[Number.NaN]]])(
    "of sizes %j is refused and changes nothing",
    async (sizes) => {
      const salonId = newSalon();
      await expect(sms(salonId, ...sizes)).rejects.toMatchObject({
        code: "invalid-argument",
        context: { field: "size" },
      });
      expect((await database.firestore.doc(`pacing/${salonId}_sms`).get()).exists).toBe(false);
    },
  );
});
