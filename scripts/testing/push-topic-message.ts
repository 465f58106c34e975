/** Pushes a Pub/Sub message to a function as Eventarc does, and gives the HTTP status. `data` is what was published. */
export async function pushTopicMessage(url: string, eventId: string, data: string): Promise<number> {
  const message = { data: Buffer.from(data).toString("base64"), messageId: eventId, attributes: {} };
  return pushBody(url, eventId, { message, subscription: "projects/p/subscriptions/s" });
}

/** The same with a body of the test's own making. */
export async function pushBody(url: string, eventId: string, body: unknown): Promise<number> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": eventId,
      "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
      "ce-source": "//pubsub.googleapis.com/projects/p/topics/outbound",
    },
    body: JSON.stringify(body),
  });
  await response.body?.cancel();
  return response.status;
}
