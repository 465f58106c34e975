import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type KmsServer, startKmsServer } from "#scripts/local-stack/kms-server.ts";
import { Secret } from "#shared/core/secret.ts";
import type { BoundEnvelope } from "./envelope.ts";
import { createKms, type Kms } from "./kms.ts";
import { createVault, type Vault } from "./vault.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const TTL_MS = 60_000;

let server: KmsServer;
let kms: Kms;
let now: Date;
let vault: Vault;
const clock = { now: () => now };

beforeAll(async () => {
  server = await startKmsServer();
  kms = createKms({ keyName: server.keyName, endpoint: server.endpoint });
});
beforeEach(() => {
  now = new Date("2026-11-22T10:00:00Z");
  vault = createVault({ kms, clock, cache: { max: 100, ttlMs: TTL_MS } });
});
afterEach(() => server.setFault(undefined));
afterAll(() => server.stop());

const sealToken = () => vault.seal({ salonId: "salon-1", kind: "auth_token", secret: new Secret(TOKEN) });
const openToken = (envelope: BoundEnvelope, salonId = "salon-1") =>
  vault.open({ salonId, kind: "auth_token", envelope });

async function decryptsDuring(work: () => Promise<unknown>): Promise<number> {
  const before = server.calls().decrypt;
  await work();
  return server.calls().decrypt - before;
}

test("makes a second open cost no Cloud KMS call", async () => {
  const envelope = await sealToken();
  await openToken(envelope);
  expect(await decryptsDuring(() => openToken(envelope))).toBe(0);
  expect(vault.stats()).toEqual({ hits: 1, misses: 1, unversioned: 0 });
});

test("does not mind the order in which a document's fields come back", async () => {
  const envelope = await sealToken();
  await openToken(envelope);
  const { key_name, version, nonce, data_key, ciphertext } = envelope;
  const reordered = { version, nonce, key_name, ciphertext, data_key };
  expect(await decryptsDuring(() => openToken(reordered))).toBe(0);
});

test("lets requests at the same moment share one call", async () => {
  const envelope = await sealToken();
  const opened = () => Promise.all(Array.from({ length: 100 }, () => openToken(envelope)));
  expect(await decryptsDuring(opened)).toBe(1);
});

test("makes a hundred requests that need SID and token cost two calls", async () => {
  const pair = await Promise.all([
    vault.seal({ salonId: "salon-1", kind: "account_sid", secret: new Secret("AC1") }),
    sealToken(),
  ]);
  const kinds = ["account_sid", "auth_token"] as const;
  const openPair = () =>
    Promise.all(
      pair.map((envelope, at) =>
        vault.open({ salonId: "salon-1", kind: kinds[at] ?? "auth_token", envelope }),
      ),
    );
  const opened = () => Promise.all(Array.from({ length: 100 }, openPair));
  expect(await decryptsDuring(opened)).toBe(2);
});

describe("when Cloud KMS is", () => {
  const TIMEOUT_MS = 300;

  test.each([
    ["down", { kind: "unavailable" }],
    ["slow", { kind: "slow", ms: 2_000 }],
  ] as const)("%s, all who wait are told in time to try again, by one call", async (_, fault) => {
    const impatient = createKms({
      keyName: server.keyName,
      endpoint: server.endpoint,
      timeoutMs: TIMEOUT_MS,
    });
    vault = createVault({ kms: impatient, clock, cache: { max: 100, ttlMs: TTL_MS } });
    const envelope = await sealToken();
    await openToken(await sealToken());
    server.setFault(fault);
    const started = performance.now();
    const failures = await Promise.all(
      Array.from({ length: 100 }, () => openToken(envelope).catch((error: unknown) => error)),
    );
    expect(performance.now() - started).toBeLessThan(TIMEOUT_MS + 700);
    expect(new Set(failures).size).toBe(1);
    expect(failures[0]).toMatchObject({ name: "AppError", code: "unavailable", retry: true });
    expect(String(failures[0])).toContain("Cloud KMS");
    expect(vault.stats().misses).toBe(2);
    server.setFault(undefined);
    expect((await openToken(envelope)).reveal()).toBe(TOKEN);
  });

  test("down, what was opened before still opens", async () => {
    const envelope = await sealToken();
    await openToken(envelope);
    server.setFault({ kind: "unavailable" });
    expect((await openToken(envelope)).reveal()).toBe(TOKEN);
  });
});

test("does not give what one salon opened to another", async () => {
  const envelope = await sealToken();
  await openToken(envelope);
  await expect(openToken(envelope, "salon-2")).rejects.toMatchObject({ code: "failed-precondition" });
});

test("forgets after its age", async () => {
  const envelope = await sealToken();
  await openToken(envelope);
  now = new Date(now.getTime() + TTL_MS + 1);
  expect(await decryptsDuring(() => openToken(envelope))).toBe(1);
});

test("forgets the least used beyond its size", async () => {
  vault = createVault({ kms, clock, cache: { max: 2, ttlMs: TTL_MS } });
  const [first, second, third] = await Promise.all([sealToken(), sealToken(), sealToken()]);
  for (const envelope of [first, second, third]) await openToken(envelope);
  expect(await decryptsDuring(() => openToken(third))).toBe(0);
  expect(await decryptsDuring(() => openToken(first))).toBe(1);
});

test("does not remember a failure", async () => {
  const envelope = await sealToken();
  server.setFault({ kind: "denied" });
  await expect(openToken(envelope)).rejects.toMatchObject({ code: "unavailable" });
  server.setFault(undefined);
  expect((await openToken(envelope)).reveal()).toBe(TOKEN);
});
