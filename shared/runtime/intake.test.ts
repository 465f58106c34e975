import { request as sendRequest } from "node:http";
import { setImmediate } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { listen } from "#scripts/local-stack/listen.ts";
import { createLogger } from "#shared/core/logger.ts";
import { httpFunction, json } from "./http-boundary.ts";
import { limitIntake } from "./intake.ts";

const LIMIT = 100_000;
const received: number[] = [];
let url = "";
let close = async () => {};
let unlimited = () => {};

beforeAll(async () => {
  unlimited = limitIntake(LIMIT);
  const logger = createLogger({ level: "silent" });
  const handler = async ({ rawBody }: { rawBody: Buffer }) => {
    received.push(rawBody.length);
    return json(200, {});
  };
  http("intake", httpFunction(handler, { name: "intake", logger, maxBodyBytes: LIMIT / 2 }));
  const listening = await listen(getTestServer("intake"), 0, "a test");
  url = `http://${listening.host}`;
  close = listening.close;
});
afterAll(async () => {
  unlimited();
  await close();
});

const post = (
  body: string | Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Record<string, string> = {},
) =>
  fetch(url, { method: "POST", body, headers: { "content-type": "text/plain", ...headers }, duplex: "half" });

/** How many bytes a sender without an end gets rid of, in chunks whose sum nobody was told. */
async function sentUntilCut(): Promise<number> {
  let isCut = false;
  let sent = 0;
  const request = sendRequest(url, { method: "POST", headers: { "content-type": "text/plain" } });
  request.on("error", () => {
    isCut = true;
  });
  for (; !isCut && sent < 50_000_000; sent += 10_000) {
    request.write(Buffer.alloc(10_000, "x"));
    await setImmediate();
  }
  request.destroy();
  return sent;
}

test("what is within the limit arrives whole, in one piece or in many", async () => {
  expect((await post("x".repeat(40_000))).status).toBe(200);
  const pieces = new ReadableStream({
    start(controller) {
      for (let piece = 0; piece < 40; piece += 1) controller.enqueue(Buffer.alloc(1_000, "x"));
      controller.close();
    },
  });
  expect((await post(pieces)).status).toBe(200);
  expect(received.splice(0)).toEqual([40_000, 40_000]);
});

test("what the function is not to have is still answered by it", async () => {
  expect((await post("x".repeat(60_000))).status).toBe(413);
});

test("a body that goes on and on is cut off, however it comes", async () => {
  await expect(post("x".repeat(5_000_000))).rejects.toThrow();
  expect(await sentUntilCut()).toBeLessThan(10_000_000);
  expect((await post("x")).status).toBe(200);
  expect(received.splice(0)).toEqual([1]);
});

test("what is compressed is not unpacked: a small body stays one", async () => {
  const bomb = gzipSync(Buffer.alloc(20_000_000));
  expect((await post(bomb, { "content-encoding": "gzip" })).status).toBe(200);
  expect(received.splice(0)).toEqual([bomb.length]);
});
