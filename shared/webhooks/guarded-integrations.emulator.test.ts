import { afterAll, expect, test } from "vitest";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { createIntegrations, type Integrations } from "#shared/salons/integrations.ts";
import { guardedIntegrations } from "./guarded-integrations.ts";
import { FIRST_READS } from "./limits.ts";

const database = createDatabase(uniqueProjectId());
afterAll(() => database.firestore.terminate());

let serial = 0;
const newSalonId = () => SalonId.parse(`salon-${serial++}`);
const create = (salonId: SalonId) =>
  database.firestore.doc(`salon_integrations/${salonId}`).set(SalonIntegration.parse({ salon_id: salonId }));

/** A new instance of a function, and how often it has asked for an integration. */
function instance() {
  const clock = createMovingClock();
  const stored = createIntegrations(database);
  const asked: SalonId[] = [];
  const counted: Integrations = {
    get: (salonId, options) => {
      asked.push(salonId);
      return stored.get(salonId, options);
    },
  };
  return { clock, asked, integrations: guardedIntegrations(counted, clock) };
}

test("a salon that there is none of is asked for once in some seconds, and one that has come to be is found", async () => {
  const { clock, asked, integrations } = instance();
  const salonId = newSalonId();
  for (let time = 0; time < 20; time += 1) expect(await integrations.get(salonId)).toBeUndefined();
  expect(asked).toHaveLength(1);
  await create(salonId);
  expect(await integrations.get(salonId)).toBeUndefined();
  clock.pass(5);
  expect(await integrations.get(salonId)).toMatchObject({ salon_id: salonId });
});

test("one that is gone is not asked for again at once either", async () => {
  const { asked, integrations } = instance();
  const salonId = newSalonId();
  await create(salonId);
  await integrations.get(salonId);
  await database.firestore.doc(`salon_integrations/${salonId}`).delete();
  expect(await integrations.get(salonId, { fresh: true })).toBeUndefined();
  await integrations.get(salonId, { fresh: true });
  expect(asked).toHaveLength(2);
});

test("a flood of invented salons is read at a limited rate, and those that are known go on", async () => {
  const { clock, asked, integrations } = instance();
  const known = newSalonId();
  await create(known);
  await integrations.get(known);
  const invented = Array.from({ length: FIRST_READS.burst + 50 }, newSalonId);
  const answers: PromiseSettledResult<unknown>[] = [];
  while (invented.length > 0) {
    const some = invented.splice(0, 200);
    answers.push(...(await Promise.allSettled(some.map((salonId) => integrations.get(salonId)))));
  }
  const refused = answers.filter(({ status }) => status === "rejected");
  // The known one was the first of them all.
  expect([refused.length, asked.length]).toEqual([51, FIRST_READS.burst]);
  expect(refused[0]).toMatchObject({ reason: { code: "unavailable", retry: true } });
  expect(await integrations.get(known, { fresh: true })).toBeDefined();
  clock.pass(60);
  expect(await integrations.get(newSalonId())).toBeUndefined();
});
