import { KeyManagementServiceClient } from "@google-cloud/kms";
import { PubSub } from "@google-cloud/pubsub";
import { deleteApp, initializeApp } from "firebase-admin/app";
import { getFirestore } from "firebase-admin/firestore";
import { expect, test } from "vitest";
import { insecureClient } from "./insecure-client.ts";
import { uniqueProjectId, uniqueSalonId } from "./test-project.ts";

test("a test finds Firestore by the environment alone, and sees no other project's documents", async () => {
  const [ours, theirs] = [uniqueProjectId(), uniqueProjectId()].map((projectId) =>
    initializeApp({ projectId }, projectId),
  );
  if (ours === undefined || theirs === undefined) return expect.fail();
  const path = `salons/${uniqueSalonId()}`;
  await getFirestore(ours).doc(path).set({ name: "Salon" });
  expect((await getFirestore(theirs).doc(path).get()).exists).toBe(false);
  expect((await getFirestore(ours).doc(path).get()).exists).toBe(true);
  await Promise.all([deleteApp(ours), deleteApp(theirs)]);
});

test("a test finds Pub/Sub by the environment alone", async () => {
  const pubsub = new PubSub({ projectId: uniqueProjectId() });
  const [topic] = await pubsub.createTopic("message-events");
  expect(await topic.publishMessage({ data: Buffer.from("x") })).toMatch(/^\d+$/);
  await pubsub.close();
});

test("a test finds the key management server and a key by the environment alone", async () => {
  const { KMS_ENDPOINT = "", KMS_KEY_NAME = "" } = process.env;
  const client = new KeyManagementServiceClient(insecureClient(KMS_ENDPOINT));
  const [sealed] = await client.encrypt({ name: KMS_KEY_NAME, plaintext: Buffer.from("data key") });
  const [opened] = await client.decrypt({ name: KMS_KEY_NAME, ciphertext: sealed.ciphertext ?? null });
  expect(String(opened.plaintext)).toBe("data key");
  await client.close();
});
