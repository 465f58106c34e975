import { CloudEvent } from "cloudevents";
import { afterAll, beforeEach, expect, test } from "vitest";
import { createLogBook } from "#scripts/testing/log-book.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { checkChain } from "#shared/audit/check-chain.ts";
import { systemClock } from "#shared/core/clock.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createHandler } from "./handler.ts";
import { createSecurityNotice } from "./security-notice.ts";

const database = createDatabase(uniqueProjectId());
const { lines, logger } = createLogBook();
const deadLetters = createDeadLetters(database, systemClock);
afterAll(() => database.firestore.terminate());
beforeEach(() => void lines.splice(0));

const functionOn = (used = database) =>
  eventFunction(
    createHandler({
      audit: createAudit({ database: used, clock: systemClock, logger }),
      tellSecurity: createSecurityNotice(used, systemClock),
      trusted: ["*@salon-flow.iam.gserviceaccount.com"],
      logger,
    }),
    { name: "audit-integration", logger, deadLetters, onFailure: "redeliver" },
  );
const written = (salonId: string, id: string, authid = "someone@example.com") =>
  new CloudEvent({
    id,
    source: "//firestore.googleapis.com/projects/p/databases/(default)",
    type: "google.cloud.firestore.document.v1.written.withAuthContext",
    subject: `documents/salon_integrations/${salonId}`,
    authtype: "unknown",
    authid,
    data: Buffer.from("auth_token canary-7f3a9c"),
  });
const entriesOf = async (salonId: string) =>
  (await database.firestore.collection("integration_audit").where("salon_id", "==", salonId).get()).docs;
const alarms = () => lines.filter((line) => line.includes("changed from outside"));

test("a change from outside has one entry and one alarm, however often its event comes", async () => {
  const salonId = uniqueSalonId();
  const event = written(salonId, "event-1");
  await Promise.all([functionOn()(event), functionOn()(event)]);
  await functionOn()(event);
  await functionOn()(written(salonId, "event-2"));
  const entries = await entriesOf(salonId);
  expect(entries.map((entry) => entry.get("action"))).toEqual(["changed_outside", "changed_outside"]);
  expect(entries[0]?.get("actor")).toEqual({ kind: "unknown", id: "someone@example.com" });
  expect(alarms()).toHaveLength(2);
  const told = await database.firestore.collection("notifications").where("salon_id", "==", salonId).get();
  expect(told.docs.map((notification) => notification.get("kind"))).toEqual([
    "changed_outside",
    "changed_outside",
  ]);
  const head = await database.firestore.doc(`integration_audit_heads/${salonId}`).get();
  const stored = entries.map((entry) => ({ id: entry.id, data: entry.data() }));
  expect(checkChain(salonId, stored, head.data())).toEqual([]);
});

test("nothing of the event's content, and no address, is logged", async () => {
  await functionOn()(written(uniqueSalonId(), "event-3"));
  expect(alarms()).toHaveLength(1);
  expect(lines.join()).not.toMatch(/canary|someone@example\.com/);
});

test("a change of our own leaves no trace here", async () => {
  const salonId = uniqueSalonId();
  await functionOn()(written(salonId, "event-4", "manage@salon-flow.iam.gserviceaccount.com"));
  expect([await entriesOf(salonId), lines]).toEqual([[], []]);
});

test("an event is asked for again while Firestore is away, and raises its alarm then", async () => {
  const salonId = uniqueSalonId();
  const away = { ...database, transact: () => Promise.reject(new Error("Firestore is away")) };
  await expect(functionOn(away)(written(salonId, "event-5"))).rejects.toThrow();
  expect(alarms()).toEqual([]);
  await functionOn()(written(salonId, "event-5"));
  expect([(await entriesOf(salonId)).length, alarms().length]).toEqual([1, 1]);
});
