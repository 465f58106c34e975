import { afterAll, expect, test } from "vitest";
import { createLogBook } from "#scripts/testing/log-book.ts";
import { createMovingClock } from "#scripts/testing/moving-clock.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createProgressStore } from "./progress-store.ts";

const database = createDatabase(uniqueProjectId());
const { firestore } = database;
afterAll(() => firestore.terminate());

/** A set-up that has begun, and the erasure that begins meanwhile. */
async function begun() {
  const clock = createMovingClock();
  const { logger } = createLogBook();
  const audit = createAudit({ database, clock, logger });
  const changes = createIntegrationChanges({ database, audit, clock, logger });
  const store = createProgressStore(database, changes, clock);
  const salonId = SalonId.parse(uniqueSalonId());
  await firestore.doc(`salons/${salonId}`).set({ name: "Anjali's Salon", status: "open" });
  await changes.requestPlatform(salonId, "booking");
  const { progress } = (await store.begin(salonId)) ?? expect.fail("nothing to begin");
  const integration = firestore.doc(`salon_integrations/${salonId}`);
  return {
    store,
    progress,
    integration: async () => (await integration.get()).data(),
    progressed: async () => (await firestore.doc(`provisioning/${salonId}`).get()).data(),
    erase: () => integration.update({ erasing: true, "requested.messaging": "off" }),
  };
}

test("a set-up that fails says so on the integration", async () => {
  const { store, progress, integration } = await begun();
  const failure = new AppError("failed-precondition", "No number is for sale.");
  expect(await store.interrupt(progress, "number", failure)).toMatchObject({ state: "failed" });
  expect(await integration()).toMatchObject({ status: "error" });
});

test("a set-up that an erasure has overtaken ends, says nothing, and is not woken again", async () => {
  const { store, progress, integration, progressed, erase } = await begun();
  await erase();
  const before = await integration();
  const step = store.reached(progress, "number", { action: "status_changed", fields: { status: "partial" } });
  const refused: unknown = await step.catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "conflict" });
  expect(await store.interrupt(progress, "number", refused)).toBeDefined();
  expect(await integration()).toEqual(before);
  expect(await progressed()).not.toHaveProperty("due_at");
});
