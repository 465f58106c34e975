import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deleteApp, initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore } from "firebase-admin/firestore";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { startRecordingServer } from "#scripts/testing/recording-server.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import {
  type FirestoreEmulator,
  registerFirestoreTrigger,
  startFirestoreEmulator,
} from "./firestore-emulator.ts";
import { type FirestoreEvents, startFirestoreEvents } from "./firestore-events.ts";

const DENY_ALL = `rules_version = "2";
service cloud.firestore {
  match /databases/{database}/documents { match /{document=**} { allow read, write: if false; } }
}`;
const DOCUMENT_V1 = "google.cloud.firestore.document.v1";

describe("the Firestore emulator with its events", () => {
  const projectId = uniqueProjectId();
  const app = initializeApp({ projectId }, projectId);
  let events: FirestoreEvents;
  let emulator: FirestoreEmulator;
  let firestore: Firestore;
  let target: Awaited<ReturnType<typeof startRecordingServer>>;
  let answers: number[];

  beforeAll(async () => {
    events = await startFirestoreEvents({ authContext: () => ({ type: "service_account", id: "us@test" }) });
    const folder = mkdtempSync(join(tmpdir(), "rules-"));
    const rulesFile = join(folder, "firestore.rules");
    writeFileSync(rulesFile, DENY_ALL);
    emulator = await startFirestoreEmulator({ projectId, rulesFile, functionsEmulator: events.host });
    rmSync(folder, { recursive: true });
    vi.stubEnv("FIRESTORE_EMULATOR_HOST", emulator.host); // not the shared one: it has no functionsEmulator
    firestore = getFirestore(app);
    const triggers = [
      {
        triggerId: "provision-salon",
        eventType: `${DOCUMENT_V1}.written`,
        document: "salon_integrations/{salonId}",
      },
      { triggerId: "audit", eventType: `${DOCUMENT_V1}.written.withAuthContext`, document: "audited/{id}" },
      {
        triggerId: "accept-outbox",
        eventType: `${DOCUMENT_V1}.created`,
        document: "salons/{salonId}/outbox/{id}",
      },
    ] as const;
    for (const trigger of triggers)
      await registerFirestoreTrigger({ host: emulator.host, projectId, ...trigger });
  });
  beforeEach(async () => {
    answers = [];
    target = await startRecordingServer(() => answers.shift() ?? 204);
    for (const trigger of ["provision-salon", "audit", "accept-outbox"]) events.forward(trigger, target.url);
  });
  afterEach(() => target.stop());
  afterAll(async () => {
    await deleteApp(app);
    await events.close();
    await emulator.stop();
  });

  test("delivers a write as Eventarc does: attributes in headers, protobuf in the body", async () => {
    await firestore.doc("salon_integrations/salon-1").set({ status: "active" });
    await expect.poll(() => target.requests.length).toBe(1);
    const { headers, body } = target.requests[0] ?? expect.fail();
    expect(headers).toMatchObject({
      "content-type": "application/protobuf",
      "ce-specversion": "1.0",
      "ce-type": "google.cloud.firestore.document.v1.written",
      "ce-source": `//firestore.googleapis.com/projects/${projectId}/databases/(default)`,
      "ce-subject": "documents/salon_integrations/salon-1",
      "ce-document": "salon_integrations/salon-1",
      "ce-database": "(default)",
      "ce-namespace": "(default)",
      "ce-project": projectId,
      "ce-id": expect.stringMatching(/^[0-9a-f-]{36}$/),
      "ce-time": expect.stringMatching(/Z$/),
    });
    expect(headers).not.toHaveProperty("ce-datacontenttype");
    // Field 1 (value), length-delimited, whose field 1 is the document's name.
    const name = `projects/${projectId}/databases/(default)/documents/salon_integrations/salon-1`;
    expect(body[0]).toBe(0x0a);
    expect(body.includes(name)).toBe(true);
  });

  test("delivers an event again until the function accepts it", async () => {
    answers = [500, 503];
    await firestore.doc("salons/salon-1/outbox/request-1").set({ text: "hello" });
    await expect.poll(() => target.requests.length).toBe(3);
    expect(new Set(target.requests.map((request) => request.headers["ce-id"])).size).toBe(1);
  });

  test("delivers an event once the function that was down is back", async () => {
    const { url } = target;
    await target.stop();
    await firestore.doc("salons/salon-1/outbox/request-2").set({ text: "hello" });
    target = await startRecordingServer();
    expect(target.url).not.toBe(url);
    events.forward("accept-outbox", target.url);
    await expect.poll(() => target.requests.length).toBe(1);
  });

  test("says who wrote in an event with auth context", async () => {
    await firestore.doc("audited/1").set({ by: "someone" });
    await expect.poll(() => target.requests.length).toBe(1);
    expect(target.requests[0]?.headers).toMatchObject({
      "ce-authtype": "service_account",
      "ce-authid": "us@test",
    });
  });

  test("applies the rules to clients, not to servers", async () => {
    const documents = `http://${emulator.host}/v1/projects/${projectId}/databases/(default)/documents/other/1`;
    expect((await fetch(documents)).status).toBe(403);
    await expect(firestore.doc("other/1").get()).resolves.toBeDefined();
  });

  test("forgets every document when cleared", async () => {
    await firestore.doc("other/1").set({ a: 1 });
    await emulator.clear();
    expect((await firestore.doc("other/1").get()).exists).toBe(false);
  });
});
