import { PubSub } from "@google-cloud/pubsub";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { type RecordedRequest, startRecordingServer } from "#scripts/testing/recording-server.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { type PubSubBridge, startPubSubBridge } from "./pubsub-bridge.ts";

const host = process.env.PUBSUB_EMULATOR_HOST ?? "";
const projectId = uniqueProjectId();
const pubsub = new PubSub({ projectId, apiEndpoint: host, emulatorMode: true });
let answer: (request: RecordedRequest, count: number) => number | Promise<number>;
let target: Awaited<ReturnType<typeof startRecordingServer>>;
let bridge: PubSubBridge;

beforeAll(async () => {
  answer = () => 204;
  target = await startRecordingServer((request, count) => answer(request, count));
  const routes = [{ topic: "outbound", url: target.url }];
  bridge = await startPubSubBridge({ host, projectId, routes, topics: ["inbound-messages"] });
});
afterEach(() => {
  answer = () => 204;
  target.requests.length = 0;
});
afterAll(async () => {
  await bridge.close();
  await pubsub.close();
  await target.stop();
});

test("delivers a message as Eventarc's messagePublished event", async () => {
  const data = Buffer.from('{"messageId":"m1"}');
  const id = await pubsub.topic("outbound").publishMessage({ data, attributes: { kind: "due" } });
  await expect.poll(() => target.requests.length).toBe(1);
  const { headers, body } = target.requests[0] ?? expect.fail();
  expect(headers).toMatchObject({
    "content-type": "application/json",
    "ce-specversion": "1.0",
    "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
    "ce-source": `//pubsub.googleapis.com/projects/${projectId}/topics/outbound`,
    "ce-id": id,
  });
  expect(JSON.parse(body.toString())).toMatchObject({
    subscription: `projects/${projectId}/subscriptions/eventarc-local-outbound-0`,
    message: { data: "eyJtZXNzYWdlSWQiOiJtMSJ9", attributes: { kind: "due" }, messageId: id },
  });
});

test("delivers a message again until the function accepts it, and then no more", async () => {
  answer = (_request, count) => (count < 3 ? 500 : 204);
  await pubsub.topic("outbound").publishMessage({ data: Buffer.from("again") });
  await expect.poll(() => target.requests.length, { timeout: 5000 }).toBe(3);
  answer = () => 204;
  await pubsub.topic("outbound").publishMessage({ data: Buffer.from("next") });
  await expect.poll(() => target.requests.length).toBe(4);
  expect(new Set(target.requests.slice(0, 3).map((request) => request.headers["ce-id"])).size).toBe(1);
});

test("pushes eighty messages at once and no more", async () => {
  let now = 0;
  let most = 0;
  const release = Promise.withResolvers<void>();
  answer = async () => {
    now += 1;
    most = Math.max(most, now);
    await release.promise;
    now -= 1;
    return 204;
  };
  const topic = pubsub.topic("outbound");
  await Promise.all(Array.from({ length: 200 }, () => topic.publishMessage({ data: Buffer.from("x") })));
  await expect.poll(() => now, { timeout: 10_000 }).toBe(80);
  release.resolve();
  await expect.poll(() => target.requests.length, { timeout: 10_000 }).toBe(200);
  expect(most).toBe(80);
});

test("creates the topics that are only published to", async () => {
  const [exists] = await pubsub.topic("inbound-messages").exists();
  expect(exists).toBe(true);
});

test("waits, when closed, for what a function is working on", async () => {
  const release = Promise.withResolvers<void>();
  const slow = await startRecordingServer(() => release.promise.then(() => 204));
  const routes = [{ topic: "slow-topic", url: slow.url }];
  const first = await startPubSubBridge({ host, projectId, routes });
  await pubsub.topic("slow-topic").publishMessage({ data: Buffer.from("first") });
  await expect.poll(() => slow.requests.length).toBe(1);
  const closed = first.close();
  release.resolve();
  await closed;
  const second = await startPubSubBridge({ host, projectId, routes });
  await pubsub.topic("slow-topic").publishMessage({ data: Buffer.from("second") });
  await expect.poll(() => slow.requests.length).toBe(2); // the first was accepted, so it does not come again
  await second.close();
  await slow.stop();
});

test("does not wait for ever when closed: what was not accepted comes again to the next bridge", async () => {
  const never = new Promise<number>(() => undefined);
  const stuck = await startRecordingServer(() => never);
  const first = await startPubSubBridge({
    host,
    projectId,
    routes: [{ topic: "stuck-topic", url: stuck.url }],
  });
  const id = await pubsub.topic("stuck-topic").publishMessage({ data: Buffer.from("x") });
  await expect.poll(() => stuck.requests.length).toBe(1);
  await first.close(50);
  target.requests.length = 0;
  const second = await startPubSubBridge({
    host,
    projectId,
    routes: [{ topic: "stuck-topic", url: target.url }],
  });
  await expect.poll(() => target.requests[0]?.headers["ce-id"], { timeout: 15_000 }).toBe(id);
  await second.close();
  await stuck.stop();
});
