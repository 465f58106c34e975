import { CloudEvent } from "cloudevents";
import { afterAll, beforeEach, expect, onTestFinished, test } from "vitest";
import { registerFirestoreTrigger } from "#scripts/local-stack/firestore-emulator.ts";
import { startFirestoreEvents } from "#scripts/local-stack/firestore-events.ts";
import { createLogBook } from "#scripts/testing/log-book.ts";
import { startRecordingServer } from "#scripts/testing/recording-server.ts";
import { uniqueProjectId, uniqueSalonId } from "#scripts/testing/test-project.ts";
import { createAudit } from "#shared/audit/audit.ts";
import { checkChain } from "#shared/audit/check-chain.ts";
import { systemClock } from "#shared/core/clock.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createHandler } from "./handler.ts";
import { createSecurityNotice } from "./security-notice.ts";

const projectId = uniqueProjectId();
const database = createDatabase(projectId);
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
const UNREADABLE = Buffer.from("auth_token canary-7f3a9c");
const written = (salonId: string, id: string, authid = "someone@example.com", data: Buffer = UNREADABLE) =>
  new CloudEvent({
    id,
    source: "//firestore.googleapis.com/projects/p/databases/(default)",
    type: "google.cloud.firestore.document.v1.written.withAuthContext",
    subject: `documents/salon_integrations/${salonId}`,
    authtype: "unknown",
    authid,
    data,
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

test("the entry and the notice name the fields that changed, and neither holds a value", async () => {
  const events = await startFirestoreEvents();
  const taken = await startRecordingServer();
  onTestFinished(async () => {
    await events.close();
    await taken.stop();
  });
  const triggerId = `written-${events.host.split(":").at(-1)}`;
  events.forward(triggerId, taken.url);
  await registerFirestoreTrigger({
    host: process.env.FIRESTORE_EMULATOR_HOST ?? "",
    projectId,
    triggerId,
    eventType: "google.cloud.firestore.document.v1.written",
    document: "salon_integrations/{id}",
  });
  const salonId = uniqueSalonId();
  const document = database.firestore.doc(`salon_integrations/${salonId}`);
  const twilio = { phone_number: "+14155550100", is_active: false };
  await document.set({ salon_id: salonId, status: "active", revision: 7, twilio });
  await document.update({ "twilio.phone_number": "+14155550177", "twilio.is_active": true });
  await expect.poll(() => taken.requests.length).toBe(2);
  const change = taken.requests.find(({ body }) => body.includes("+14155550177"))?.body;
  await functionOn()(written(salonId, "event-6", "someone@example.com", change));

  const [entry] = await entriesOf(salonId);
  const fingerprint = expect.stringMatching(/^[0-9a-f]{16}$/);
  expect(entry?.get("changes")).toEqual([
    { field: "twilio.is_active", before: fingerprint, after: fingerprint },
    { field: "twilio.phone_number", before: fingerprint, after: fingerprint },
  ]);
  const notices = database.firestore.collection("notifications").where("salon_id", "==", salonId);
  const [told] = (await notices.get()).docs;
  expect(told?.get("facts.fields")).toEqual(["twilio.is_active", "twilio.phone_number"]);
  expect(JSON.stringify([entry?.data(), told?.data(), lines])).not.toContain("+1415555");
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
