import { createHmac } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { notificationOf, now, toldOf } from "#scripts/testing/example-notification.ts";
import { startRecordingServer } from "#scripts/testing/recording-server.ts";
import { Secret } from "#shared/core/secret.ts";
import { createSecurityWebhook } from "./security-webhook.ts";
import { createSlack } from "./slack.ts";

const KEY = Buffer.from("a key of 32 bytes, for tests only");
const secret = new Secret(`whsec_${KEY.toString("base64")}`);
const clock = { now: () => now };
let stop = async () => {};
afterEach(() => stop());

async function receiver(status: number) {
  const server = await startRecordingServer(() => status);
  stop = server.stop;
  return server;
}

test("signs id, time and body as the Standard Webhooks specification has it", async () => {
  const server = await receiver(204);
  const webhook = createSecurityWebhook({ url: new Secret(server.url), secret, clock });
  expect(await webhook(toldOf())).toEqual({ state: "sent" });
  const [request] = server.requests;
  const { id } = notificationOf();
  expect(request?.headers).toMatchObject({ "webhook-id": id, "webhook-timestamp": "1795357800" });
  const signed = createHmac("sha256", KEY).update(`${id}.1795357800.${request?.body}`).digest("base64");
  expect(request?.headers["webhook-signature"]).toBe(`v1,${signed}`);
});

test("tells the facts as data, with dates in ISO 8601", async () => {
  const server = await receiver(200);
  await createSecurityWebhook({ url: new Secret(server.url), secret, clock })(toldOf());
  expect(JSON.parse(String(server.requests[0]?.body))).toEqual({
    type: "salon.credentials_changed",
    timestamp: "2026-11-22T14:30:00.000Z",
    data: {
      notification_id: notificationOf().id,
      salon_id: "salon-anjali",
      salon_name: "Anjali's Salon",
      by: "Anjali Rao",
      at: "2026-11-22T14:30:00.000Z",
      rollback_until: "2026-11-23T14:30:00.000Z",
    },
  });
});

test("says who it was by id, never by address", async () => {
  const server = await receiver(200);
  const who = { by: "A member of the salon (uid-7)", by_name: "anjali@example.com" };
  const told = toldOf({ kind: "integration_disconnected", facts: { ...who, at: now } });
  await createSecurityWebhook({ url: new Secret(server.url), secret, clock })(told);
  const body = String(server.requests[0]?.body);
  expect(JSON.parse(body).data.by).toBe("A member of the salon (uid-7)");
  expect(body).not.toMatch(/by_name|anjali@/);
});

test("never posts unsigned: an address without a secret stops the function when it loads", () => {
  const url = new Secret("https://alerts.example");
  expect(() => createSecurityWebhook({ url, secret: undefined, clock })).toThrow("SECURITY_WEBHOOK_SECRET");
});

test("is skipped where no address is configured, like Slack", async () => {
  const webhook = createSecurityWebhook({ url: undefined, secret: undefined, clock });
  expect(await webhook(toldOf())).toMatchObject({ state: "skipped" });
  expect(await createSlack(undefined)(toldOf())).toMatchObject({ state: "skipped" });
});

test.each([
  [503, true],
  [429, true],
  [404, true],
  [302, true],
  [400, false],
  [413, false],
])("an answer of %i is tried again: %s", async (status, retry) => {
  const server = await receiver(status);
  const url = new Secret(server.url);
  await expect(createSecurityWebhook({ url, secret, clock })(toldOf())).rejects.toMatchObject({ retry });
  await expect(createSlack(url)(toldOf())).rejects.toMatchObject({ retry });
  expect(server.requests).toHaveLength(2);
});
