import { PubSub } from "@google-cloud/pubsub";
import { describe, expect, it } from "vitest";
import { eventually } from "#scripts/demo/eventually.ts";
import { uniqueProjectId } from "#scripts/testing/test-project.ts";
import { createPublisher } from "./publisher.ts";

describe("the publisher", () => {
  it("publishes JSON, with the key a consumer deduplicates by", async () => {
    const projectId = uniqueProjectId();
    const pubsub = new PubSub({ projectId });
    const [topic] = await pubsub.createTopic("outbound");
    const [subscription] = await topic.createSubscription("listener");
    const received: { key: string | undefined; data: string }[] = [];
    subscription.on("message", (message) => {
      received.push({ key: message.attributes.key, data: message.data.toString() });
      message.ack();
    });
    await createPublisher(projectId).publish("outbound", "key-1", { message_id: "abc" });
    await eventually("the message", async () => received[0]);
    expect(received).toEqual([{ key: "key-1", data: '{"message_id":"abc"}' }]);
    await subscription.close();
    await pubsub.close();
  });

  it("says which topic is missing", async () => {
    await expect(createPublisher(uniqueProjectId()).publish("message-events", "k", {})).rejects.toMatchObject(
      {
        code: "unavailable",
        message: "Pub/Sub refused a message for the topic message-events; does the topic exist?",
      },
    );
  });
});
