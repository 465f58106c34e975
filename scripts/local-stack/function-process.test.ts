import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { type FunctionProcess, startFunction } from "./function-process.ts";

let folder: string;
let running: FunctionProcess | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "function-"));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  rmSync(folder, { recursive: true });
});

async function start(source: string, options: Partial<Parameters<typeof startFunction>[0]> = {}) {
  writeFileSync(join(folder, "index.js"), source);
  const defaults = { name: "receive-call", folder, target: "fn", signatureType: "http", env: {} } as const;
  running = await startFunction({ ...defaults, ...options });
  return running;
}

const describeItself = `exports.fn = (request, response) => {
  console.log("called " + request.originalUrl);
  response.json({ pid: process.pid, env: process.env });
};`;

const Description = z.object({ pid: z.number(), env: z.record(z.string(), z.string()) });

async function call(url: string) {
  const response = await fetch(url);
  return Description.parse(await response.json());
}

test("serves the bundle's function with the given environment and nothing of ours", async () => {
  const fn = await start(describeItself, { env: { SALON_SETTING: "on" } });
  const { env } = await call(`${fn.url}/webhooks?a=1`);
  expect(env).toMatchObject({ SALON_SETTING: "on", NODE_ENV: "production" });
  expect(env).not.toHaveProperty("HOME");
  expect(env).not.toHaveProperty("VITEST");
});

test("keeps its log lines, in a file too if asked", async () => {
  const logFile = join(folder, "function.log");
  const fn = await start(describeItself, { logFile });
  await fetch(`${fn.url}/webhooks?a=1`);
  await expect.poll(() => fn.logs()).toContain("called /webhooks?a=1");
  expect(readFileSync(logFile, "utf8")).toContain("called /webhooks?a=1\n");
});

test("replaces a killed instance at the same address, and counts it", async () => {
  const fn = await start(describeItself);
  const first = fn.pid;
  await fn.kill();
  await expect.poll(() => fn.restarts, { timeout: 5000 }).toBe(1);
  const { pid } = await call(fn.url);
  expect(pid).not.toBe(first);
  expect(fn.pid).toBe(pid);
});

test("replaces an instance that ended by itself, and its log says how", async () => {
  const fn = await start(`exports.fn = (request, response) => {
    if (request.path === "/crash") process.exit(16);
    response.send("fine");
  };`);
  await fetch(`${fn.url}/crash`).catch(() => undefined);
  await expect.poll(() => fn.restarts, { timeout: 5000 }).toBe(1);
  expect(await (await fetch(fn.url)).text()).toBe("fine");
  expect(fn.logs()).toContain("The function receive-call ended with exit code 16; starting it again.");
});

test("is not restarted once stopped", async () => {
  const fn = await start(describeItself);
  await fn.stop();
  expect(fn.restarts).toBe(0);
  await expect(fetch(fn.url)).rejects.toThrow();
});

test("a bundle that cannot start says why", async () => {
  await expect(start("throw new Error('FIRESTORE_PROJECT is missing');")).rejects.toThrow(
    /The function receive-call ended with exit code 1 while starting[\s\S]*FIRESTORE_PROJECT is missing/,
  );
});

test("cannot be reached from outside this machine", async ({ skip }) => {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  const outside = addresses.find(({ internal, family }) => !internal && family === "IPv4")?.address;
  if (outside === undefined) return skip("this machine has no address but loopback");
  const fn = await start(describeItself);
  await expect(fetch(`http://${outside}:${new URL(fn.url).port}`)).rejects.toThrow();
});
