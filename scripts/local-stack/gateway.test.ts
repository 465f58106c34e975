import { request as sendRequest } from "node:http";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { startRecordingServer } from "#scripts/testing/recording-server.ts";
import { type Gateway, startGateway } from "./gateway.ts";

const rewrites = [
  { source: "/webhooks/twilio/voice/fallback.xml", destination: "/voice-fallback.xml" },
  { source: "/webhooks/twilio/voice/**", function: { functionId: "receive-call", region: "asia-south1" } },
  { source: "/webhooks/twilio/*/*", function: { functionId: "receive-message" } },
  { source: "/v1/messages", run: { serviceId: "send-message" } },
  { source: "/webhooks/**", function: { functionId: "receive-call" } },
  { source: "/nowhere", function: { functionId: "not-started" } },
];
type Recorder = Awaited<ReturnType<typeof startRecordingServer>>;
let calls: Recorder;
let messages: Recorder;
let gateway: Gateway;

beforeAll(async () => {
  calls = await startRecordingServer(() => 200);
  messages = await startRecordingServer(() => 202);
  const stopped = await startRecordingServer();
  await stopped.stop();
  const targets = { "receive-call": calls.url, "receive-message": messages.url, "send-message": stopped.url };
  gateway = await startGateway({ rewrites, targets });
});
beforeEach(() => {
  calls.requests.length = 0;
  messages.requests.length = 0;
});
afterAll(async () => {
  await gateway.stop();
  await Promise.all([calls.stop(), messages.stop()]);
});

/** Sends a path exactly as given, which fetch would normalise. */
function get(path: string, headers = {}): Promise<number | undefined> {
  const { hostname, port } = new URL(gateway.url);
  return new Promise((resolve, reject) => {
    const request = sendRequest({ hostname, port, path, headers }, (response) => {
      resolve(response.statusCode);
      response.resume();
    });
    request.on("error", reject).end();
  });
}

test("sends a request where the first matching rewrite says", async () => {
  expect(await get("/webhooks/twilio/voice/salon-1/menu")).toBe(200);
  expect(await get("/webhooks/twilio/sms/salon-1")).toBe(202);
  expect(await get("/webhooks/twilio/status/salon-1/m1/2")).toBe(200);
  expect(calls.requests.map(({ path }) => path)).toEqual([
    "/webhooks/twilio/voice/salon-1/menu",
    "/webhooks/twilio/status/salon-1/m1/2",
  ]);
});

test("leaves path, query and body byte for byte as Twilio signed them", async () => {
  const path = "/webhooks/twilio/voice//s%C3%A9/../x?b=2&a=%20+%2B&a=1&empty=";
  await get(path);
  expect(calls.requests[0]?.path).toBe(path);
  const body = "Body=%e0%b0%a8+caf%C3%A9&A%5B0%5D=1&From=%2B9198";
  const headers = { "content-type": "application/x-www-form-urlencoded", "x-twilio-signature": "abc=" };
  const response = await fetch(`${gateway.url}/webhooks/twilio/sms/s1`, { method: "POST", body, headers });
  expect(response.status).toBe(202);
  expect(messages.requests[0]?.body.toString()).toBe(body);
  expect(messages.requests[0]?.headers).toMatchObject(headers);
});

test("tells the function the visitor's host and address, not what the visitor claims about the host", async () => {
  await get("/webhooks/twilio/sms/s1", {
    host: "salons.example.com",
    "x-forwarded-host": "evil.example.com",
    "x-forwarded-proto": "http",
    "x-forwarded-for": "10.9.8.7",
  });
  expect(messages.requests[0]?.headers).toMatchObject({
    host: new URL(messages.url).host,
    "x-forwarded-host": "salons.example.com",
    "x-forwarded-proto": "https",
    "x-forwarded-for": "10.9.8.7, 127.0.0.1",
  });
});

test("answers 404 in JSON where no rewrite leads to a function", async () => {
  for (const path of ["/", "/v1/messages/1", "/webhooks/twilio/voice/fallback.xml"]) {
    const response = await fetch(gateway.url + path);
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ error: { code: "not-found" } });
  }
});

test("answers 502 with the name of the function that is down or was never started", async () => {
  for (const [path, name] of [
    ["/v1/messages", "send-message"],
    ["/nowhere", "not-started"],
  ]) {
    const response = await fetch(gateway.url + path, { method: "POST", body: "x" });
    expect(response.status).toBe(502);
    expect(await response.json()).toMatchObject({ error: { message: expect.stringContaining(name ?? "") } });
  }
});

test("passes a large body on while it arrives", async () => {
  const { hostname, port } = new URL(gateway.url);
  const options = { hostname, port, path: "/webhooks/twilio/sms/s1", method: "POST" };
  const answered = new Promise<string>((resolve, reject) => {
    const request = sendRequest(options, (response) => text(response).then(resolve, reject));
    request.on("error", reject);
    for (let part = 0; part < 64; part += 1) request.write(Buffer.alloc(64 * 1024, "x"));
    request.end();
  });
  await answered;
  expect(messages.requests[0]?.body.length).toBe(4 * 1024 * 1024);
});
