import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PubSub } from "@google-cloud/pubsub";
import { afterAll, beforeAll, expect, test } from "vitest";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { startFirestoreEvents } from "./firestore-events.ts";
import { type FunctionProcess, startFunction } from "./function-process.ts";
import { startPubSubBridge } from "./pubsub-bridge.ts";

const host = process.env.PUBSUB_EMULATOR_HOST ?? "";
const folder = mkdtempSync(join(tmpdir(), "delivery-"));
let fn: FunctionProcess;

beforeAll(async () => {
  // Says what it got, after a while in which it can be killed.
  writeFileSync(
    join(folder, "index.js"),
    `exports.fn = async (event) => {
      console.log("began", event.id);
      await new Promise((resolve) => setTimeout(resolve, 100));
      const data = Buffer.isBuffer(event.data) ? event.data.toString("hex") : event.data?.message?.data;
      console.log("done", event.id, event.type, data);
    };`,
  );
  const options = {
    name: "deliver-message",
    folder,
    target: "fn",
    signatureType: "cloudevent",
    env: {},
  } as const;
  fn = await startFunction(options);
});
afterAll(async () => {
  await fn.stop();
  rmSync(folder, { recursive: true });
});

test("a message whose function is killed in the middle of it reaches the next instance", async () => {
  const projectId = uniqueProjectId();
  const pubsub = new PubSub({ projectId, apiEndpoint: host, emulatorMode: true });
  const bridge = await startPubSubBridge({ host, projectId, routes: [{ topic: "outbound", url: fn.url }] });
  const id = await pubsub.topic("outbound").publishMessage({ data: Buffer.from("hello") });
  await expect.poll(() => fn.logs(), { interval: 5 }).toContain(`began ${id}`);
  await fn.kill();
  const done = `done ${id} google.cloud.pubsub.topic.v1.messagePublished aGVsbG8=`;
  await expect.poll(() => fn.logs(), { timeout: 10_000 }).toContain(done);
  expect(fn.logs().filter((line) => line === `began ${id}`)).toHaveLength(2);
  await bridge.close();
  await pubsub.close();
});

test("a Firestore event reaches the function with its protobuf as bytes", async () => {
  const events = await startFirestoreEvents();
  events.forward("provision-salon", fn.url);
  await fetch(`http://${events.host}/functions/projects/p/triggers/provision-salon`, {
    method: "POST",
    headers: {
      "content-type": "application/protobuf",
      "ce-specversion": "1.0",
      "ce-id": "event-1",
      "ce-type": "google.cloud.firestore.document.v1.written",
      "ce-source": "//firestore.googleapis.com/projects/projects/p/databases/(default)",
    },
    body: Buffer.from([0x0a, 0x02, 0xff, 0x00]).toString("base64"),
  });
  const done = "done event-1 google.cloud.firestore.document.v1.written 0a02ff00";
  await expect.poll(() => fn.logs()).toContain(done);
  await events.close();
});
