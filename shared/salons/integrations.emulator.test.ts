import { afterAll, describe, expect, it } from "vitest";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { SalonId } from "#shared/core/ids.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import type { SalonIntegration } from "./integration.ts";
import { createIntegrationChanges } from "./integration-changes.ts";
import { createIntegrations } from "./integrations.ts";
import { createSalons } from "./salons.ts";

const database = createDatabase(uniqueProjectId());
const clock = { now: () => new Date("2026-11-22T10:00:00Z") };
const integrations = createIntegrations(database);
const logger = createLogger({ level: "silent" });
const audit = createAudit({ database, clock, logger });
const changes = createIntegrationChanges({ database, audit, clock, logger });
const service = { actor: { kind: "service", id: "provision-salon" } } as const;
const setStatus = (
  salonId: SalonId,
  status: SalonIntegration["status"],
  status_reason: string | null = null,
) => changes.apply(salonId, service, () => ({ action: "status_changed", fields: { status, status_reason } }));
afterAll(() => database.firestore.terminate());

const newSalon = () => SalonId.parse(uniqueSalonId());

describe("integrations", () => {
  it("asks for platform messaging once, with every default of the spec in the document", async () => {
    const salonId = newSalon();
    await Promise.all(Array.from({ length: 5 }, () => changes.requestPlatform(salonId, "first-message")));
    const document = await integrations.get(salonId);
    expect(document).toMatchObject({
      salon_id: salonId,
      revision: 1,
      status: "not_configured",
      requested: { messaging: "platform", by: "first-message" },
      twilio: { mode: "sandbox", is_active: false, verification_status: "pending", billing_mode: "platform" },
    });
  });

  it("leaves the owner's own choice alone", async () => {
    const salonId = newSalon();
    const requested = { messaging: "off", by: "owner", at: clock.now() };
    await database.firestore.doc(`salon_integrations/${salonId}`).set({ salon_id: salonId, requested });
    await changes.requestPlatform(salonId, "first-message");
    expect((await integrations.get(salonId, { fresh: true }))?.requested?.messaging).toBe("off");
  });

  it("changes only what it is told, and counts revisions", async () => {
    const salonId = newSalon();
    await changes.requestPlatform(salonId, "owner");
    await setStatus(salonId, "partial");
    await setStatus(salonId, "error", "No number.");
    const document = await integrations.get(salonId, { fresh: true });
    expect(document).toMatchObject({
      revision: 3,
      status: "error",
      status_reason: "No number.",
      requested: { by: "owner" },
      updated_by: "provision-salon",
    });
  });

  it("writes one audit entry in the commit of every change, and none where nothing changed", async () => {
    const salonId = newSalon();
    await changes.requestPlatform(salonId, "first-message");
    await changes.requestPlatform(salonId, "first-message");
    await setStatus(salonId, "partial");
    const entries = await database.firestore
      .collection("integration_audit")
      .where("salon_id", "==", salonId)
      .get();
    expect(entries.docs.map((entry) => entry.get("action")).toSorted()).toEqual([
      "messaging_requested",
      "status_changed",
    ]);
  });

  it("may lag behind by its cache, and not when asked to look again", async () => {
    const salonId = newSalon();
    await changes.requestPlatform(salonId, "owner");
    await integrations.get(salonId);
    await setStatus(salonId, "active");
    expect((await integrations.get(salonId))?.status).toBe("not_configured");
    expect((await integrations.get(salonId, { fresh: true }))?.status).toBe("active");
  });

  it("change only for the erasure while the salon's data is being erased, whoever asks, by what the commit read", async () => {
    const salonId = newSalon();
    await changes.requestPlatform(salonId, "owner");
    const erasure = createIntegrationChanges({ database, audit, clock, logger, isErasure: true });
    const set = (erasing: boolean) =>
      erasure.apply(salonId, service, () => ({ action: "suspended", fields: { erasing } }));
    await set(true);
    const refused = { code: "conflict", context: { reason: "erasure_under_way" } };
    await expect(setStatus(salonId, "active")).rejects.toMatchObject(refused);
    await expect(changes.requestPlatform(salonId, "first-message")).rejects.toMatchObject(refused);
    expect(await integrations.get(salonId, { fresh: true })).toMatchObject({
      revision: 2,
      status: "not_configured",
    });
    await set(false);
    expect(await setStatus(salonId, "active")).toMatchObject({ revision: 4, status: "active" });
  });

  it("names the field of a document that is malformed, and not its value", async () => {
    const salonId = newSalon();
    const requested = { messaging: "canary-7f3a9c", by: "owner", at: clock.now() };
    await database.firestore.doc(`salon_integrations/${salonId}`).set({ salon_id: salonId, requested });
    const refused = await integrations.get(salonId).catch((error: unknown) => String(error));
    expect(refused).toContain(`salon_integrations/${salonId} is malformed: requested.messaging`);
    expect(refused).not.toContain("canary-7f3a9c");
  });
});

describe("salons", () => {
  it("take no message while their data is being erased, whatever else their integration says", async () => {
    const [open, none, erased] = [newSalon(), newSalon(), newSalon()];
    for (const id of [open, none, erased]) await database.firestore.doc(`salons/${id}`).set({ name: "S" });
    await database.firestore.doc(`salon_integrations/${open}`).set({ twilio: "malformed" });
    await database.firestore.doc(`salon_integrations/${erased}`).set({ salon_id: erased, erasing: true });
    const salons = createSalons(database);
    for (const id of [open, none]) expect((await salons.openForMessages(id)).name).toBe("S");
    const refused = { code: "conflict", context: { reason: "erasure_under_way" } };
    await expect(salons.openForMessages(erased)).rejects.toMatchObject(refused);
    await expect(salons.openForMessages(newSalon())).rejects.toMatchObject({ code: "not-found" });
    expect((await salons.open(erased)).name).toBe("S");
  });

  it("cannot be told from none when they are closed", async () => {
    const salons = createSalons(database);
    const [open, closed, none] = [newSalon(), newSalon(), newSalon()];
    await database.firestore.doc(`salons/${open}`).set({ name: "Open", founded: 1999 });
    await database.firestore.doc(`salons/${closed}`).set({ name: "Closed", status: "closed" });
    expect((await salons.open(open)).communication.default_language).toBe("en");
    const refusals = await Promise.all(
      [closed, none].map((id) => salons.open(id).catch((error: Error) => error.message)),
    );
    expect(refusals[0]).toBe(refusals[1]);
  });
});
