import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type KmsServer, startKmsServer } from "#scripts/local-stack/kms-server.ts";
import { systemClock } from "#shared/core/clock.ts";
import { Secret } from "#shared/core/secret.ts";
import type { BoundEnvelope } from "./envelope.ts";
import { createKms, type Kms } from "./kms.ts";
import { createVault, type Vault } from "./vault.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

let server: KmsServer;
let kms: Kms;
let vault: Vault;
let envelope: BoundEnvelope;

const vaultOf = (with_: Kms) =>
  createVault({ kms: with_, clock: systemClock, cache: { max: 100, ttlMs: 60_000 } });
const sealToken = (by: Vault) =>
  by.seal({ salonId: "salon-1", kind: "auth_token", secret: new Secret(TOKEN) });

beforeAll(async () => {
  server = await startKmsServer();
  kms = createKms({ keyName: server.keyName, endpoint: server.endpoint });
  vault = vaultOf(kms);
});
beforeEach(async () => {
  envelope = await sealToken(vault);
});
afterEach(() => server.setFault(undefined));
afterAll(() => server.stop());

async function rewrapped(from: BoundEnvelope): Promise<BoundEnvelope> {
  const next = await vault.rewrap({ salonId: "salon-1", envelope: from });
  if (next === undefined) throw new Error("expected a new wrapping");
  return next;
}

const openToken = async (next: BoundEnvelope) =>
  (await vault.open({ salonId: "salon-1", kind: "auth_token", envelope: next })).reveal();

test("leaves alone what the primary version wrapped, and wraps nothing", async () => {
  const before = server.calls().encrypt;
  expect(await vault.rewrap({ salonId: "salon-1", envelope })).toBeUndefined();
  expect(server.calls().encrypt).toBe(before);
});

test("moves a data key to the primary version, and neither ciphertext nor nonce", async () => {
  server.rotateKey();
  const next = await rewrapped(envelope);
  expect(next).toEqual({ ...envelope, data_key: next.data_key });
  expect(next.data_key).not.toBe(envelope.data_key);
  expect(await openToken(next)).toBe(TOKEN);
  expect(await vault.rewrap({ salonId: "salon-1", envelope: next })).toBeUndefined();
});

test("moves a data key from an older CryptoKey of the key ring to the configured one", async () => {
  const old = createKms({ keyName: `${server.keyName}-old`, endpoint: server.endpoint });
  const next = await rewrapped(await sealToken(vaultOf(old)));
  expect(next.key_name).toBe(server.keyName);
  expect(await openToken(next)).toBe(TOKEN);
});

test("clears the data key, whether it was moved or not", async () => {
  const seen: Buffer[] = [];
  const watched = vaultOf({
    wrap: (key, aad) => kms.wrap(Buffer.from(key), aad),
    unwrap: async (...wrapped) => {
      const unwrapped = await kms.unwrap(...wrapped);
      seen.push(unwrapped.key);
      return unwrapped;
    },
  });
  await watched.rewrap({ salonId: "salon-1", envelope });
  server.rotateKey();
  await watched.rewrap({ salonId: "salon-1", envelope });
  expect(seen).toEqual([Buffer.alloc(32), Buffer.alloc(32)]);
});

describe("gives an attacker who can write documents", () => {
  test("no wrapping for another salon", async () => {
    server.rotateKey();
    const moved = vault.rewrap({ salonId: "salon-2", envelope });
    await expect(moved).rejects.toMatchObject({ code: "failed-precondition" });
  });

  test("no wrapping of a data key of theirs", async () => {
    const theirs = server.keyName.replace("keyRings/salon-flow", "keyRings/attacker");
    const before = server.calls();
    const moved = vault.rewrap({ salonId: "salon-1", envelope: { ...envelope, key_name: theirs } });
    await expect(moved).rejects.toMatchObject({ code: "failed-precondition" });
    expect(server.calls()).toEqual(before);
  });
});

test("says that it may be tried again when Cloud KMS is down", async () => {
  server.setFault({ kind: "denied" });
  const moved = vault.rewrap({ salonId: "salon-1", envelope });
  await expect(moved).rejects.toMatchObject({ code: "unavailable", retry: true });
});
