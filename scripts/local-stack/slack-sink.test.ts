import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type SlackSink, startSlackSink } from "./slack-sink.ts";

let sink: SlackSink;
beforeAll(async () => {
  sink = await startSlackSink();
});
afterAll(() => sink.stop());

async function post(url: string, body: string, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(url, { method: "POST", body, headers });
  await response.text();
  return response.status;
}

test("keeps what is posted to Slack, and takes nothing without a text", async () => {
  expect(await post(sink.slackUrl, JSON.stringify({ text: "Credentials changed" }))).toBe(200);
  expect(await post(sink.slackUrl, JSON.stringify({ text: "" }))).toBe(400);
  expect(await post(sink.slackUrl, "no JSON")).toBe(400);
  expect(sink.messages()).toEqual(["Credentials changed"]);
});

test("takes a webhook only with a signature by its secret", async () => {
  const body = JSON.stringify({ type: "salon.credentials_changed" });
  const signedWith = (secret: string) => ({
    "webhook-id": "one",
    "webhook-timestamp": String(Math.floor(Date.now() / 1000)),
    "webhook-signature": new Webhook(secret).sign("one", new Date(), body),
  });
  expect(await post(sink.webhookUrl, body)).toBe(401);
  expect(await post(sink.webhookUrl, body, signedWith("whsec_YW5vdGhlciBzZWNyZXQ="))).toBe(401);
  expect(await post(sink.webhookUrl, body, signedWith(sink.webhookSecret))).toBe(204);
  expect(sink.webhooks()).toEqual([{ id: "one", payload: { type: "salon.credentials_changed" } }]);
});

test("refuses on demand, and nobody else's address", async () => {
  sink.refuse("slack", 503);
  expect(await post(sink.slackUrl, JSON.stringify({ text: "lost" }))).toBe(503);
  sink.refuse("slack", undefined);
  expect(await post(sink.slackUrl, JSON.stringify({ text: "back" }))).toBe(200);
  expect(await post(sink.slackUrl.replace("local-stack", "guessed"), "{}")).toBe(404);
});
