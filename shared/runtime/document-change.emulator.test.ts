import { FieldValue, GeoPoint } from "firebase-admin/firestore";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { registerFirestoreTrigger } from "#scripts/local-stack/firestore-emulator.ts";
import { type FirestoreEvents, startFirestoreEvents } from "#scripts/local-stack/firestore-events.ts";
import { startRecordingServer } from "#scripts/testing/recording-server.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { createDatabase } from "./database.ts";
import { documentChange } from "./document-change.ts";

const projectId = uniqueProjectId();
const { firestore } = createDatabase(projectId);
let events: FirestoreEvents;
let taken: Awaited<ReturnType<typeof startRecordingServer>>;

beforeAll(async () => {
  events = await startFirestoreEvents();
  taken = await startRecordingServer();
  const triggerId = `written-${events.host.split(":").at(-1)}`;
  events.forward(triggerId, taken.url);
  await registerFirestoreTrigger({
    host: process.env.FIRESTORE_EMULATOR_HOST ?? "",
    projectId,
    triggerId,
    eventType: "google.cloud.firestore.document.v1.written",
    document: "things/{id}",
  });
});
afterAll(async () => {
  await events.close();
  await taken.stop();
  await firestore.terminate();
});

/** What the next event says, in the emulator's own bytes. */
async function nextChange() {
  await expect.poll(() => taken.requests.length).toBeGreaterThan(0);
  return documentChange(taken.requests.shift()?.body);
}

const EVERYTHING = {
  text: "नमस्ते",
  empty: "",
  yes: true,
  no: false,
  nothing: null,
  whole: -4_000_000_000,
  zero: 0,
  part: 0.1,
  at: new Date("2026-11-22T10:00:00.123Z"),
  epoch: new Date(0),
  list: ["a", 1, null, { deep: [true] }],
  none: [],
  map: { a: { b: "c" }, "not.a path": 1 },
  hollow: {},
  bytes: Buffer.from([0, 255]),
};

test("every kind of value is read as it was written", async () => {
  await firestore.doc("things/1").create({ ...EVERYTHING, place: new GeoPoint(12.5, 0) });
  const { before, after } = await nextChange();
  expect(before).toBeUndefined();
  const { bytes, ...rest } = EVERYTHING;
  expect(after).toEqual({
    ...rest,
    bytes: expect.any(Uint8Array),
    place: { latitude: 12.5, longitude: 0 },
  });
  expect(Buffer.from(z.instanceof(Uint8Array).parse(after?.bytes))).toEqual(bytes);
});

test("a change tells both sides, and a deletion only what was there", async () => {
  await firestore.doc("things/2").create({ a: 1 });
  await firestore.doc("things/2").update({ a: FieldValue.delete(), b: 2 });
  await firestore.doc("things/2").delete();
  expect(await nextChange()).toEqual({ before: undefined, after: { a: 1 } });
  expect(await nextChange()).toEqual({ before: { a: 1 }, after: { b: 2 } });
  expect(await nextChange()).toEqual({ before: { b: 2 }, after: undefined });
});

test.each([
  ["text", "hello"],
  ["nothing", undefined],
  ["bytes of another kind", Buffer.from("not a protobuf")],
])("%s instead of an event is refused", (_, data) => {
  expect(() => documentChange(data)).toThrow("does not say what changed");
});
