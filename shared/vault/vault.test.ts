import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sealInFirstFormat } from "#scripts/credentials/testing/first-format.ts";
import { type KmsServer, startKmsServer } from "#scripts/local-stack/kms-server.ts";
import { systemClock } from "#shared/core/clock.ts";
import { Secret } from "#shared/core/secret.ts";
import { type BoundEnvelope, type Envelope, envelopeSchema } from "./envelope.ts";
import { createKms, type Kms } from "./kms.ts";
import { createVault, type Vault } from "./vault.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const REFUSED = { name: "AppError", code: "failed-precondition" };
const CACHE = { max: 100, ttlMs: 60_000 };

let server: KmsServer;
let kms: Kms;
let vault: Vault;

beforeAll(async () => {
  server = await startKmsServer();
  kms = createKms({ keyName: server.keyName, endpoint: server.endpoint });
  vault = createVault({ kms, clock: systemClock, cache: CACHE });
});
afterAll(() => server.stop());

const sealToken = (salonId = "salon-1", secret = TOKEN) =>
  vault.seal({ salonId, kind: "auth_token", secret: new Secret(secret) });
const openToken = (envelope: BoundEnvelope, salonId = "salon-1") =>
  vault.open({ salonId, kind: "auth_token", envelope });

describe("sealing", () => {
  test("writes version 2 with the key's name, and nothing readable", async () => {
    const envelope = await sealToken();
    expect(envelope).toMatchObject({ version: "2", key_name: server.keyName });
    expect(envelopeSchema.parse(envelope)).toEqual(envelope);
    expect(JSON.stringify(envelope)).not.toContain(TOKEN);
  });

  test("never makes the same envelope twice", async () => {
    const [first, second] = await Promise.all([sealToken(), sealToken()]);
    expect(second.ciphertext).not.toBe(first.ciphertext);
    expect(second.nonce).not.toBe(first.nonce);
    expect(second.data_key).not.toBe(first.data_key);
  });

  // Made with Python's `cryptography`: key 00…1f, nonce 00…0b, associated data ["2","salon_é1","auth_token"] in UTF-8.
  test("binds to salon and kind in the bytes that the platform's Python services expect", async () => {
    const counting = (size: number) => Buffer.from(Array.from({ length: size }, (_, index) => index));
    const exact = createVault({ kms, clock: systemClock, cache: CACHE, randomBytes: counting });
    const envelope = await exact.seal({ salonId: "salon_é1", kind: "auth_token", secret: new Secret(TOKEN) });
    expect(envelope.ciphertext).toBe("dzPkKPHQ9Cy1ePbp0o0dC7PntQfETmlLAF6E534NZdRpD02Dhpp9bLhEttVHoJrT");
    expect(envelope.nonce).toBe("AAECAwQFBgcICQoL");
  });

  test("leaves no data key behind in memory", async () => {
    const keys: Buffer[] = [];
    const watched = createVault({
      kms: { ...kms, wrap: async (key, aad) => kms.wrap(Buffer.from(key), aad) },
      clock: systemClock,
      cache: CACHE,
      randomBytes: (size) => {
        const bytes = Buffer.alloc(size, 7);
        keys.push(bytes);
        return bytes;
      },
    });
    await watched.seal({ salonId: "salon-1", kind: "auth_token", secret: new Secret(TOKEN) });
    expect(keys[0]).toEqual(Buffer.alloc(32));
  });
});

describe("opening", () => {
  test("masks what it opened wherever it is printed", async () => {
    expect(inspect(await openToken(await sealToken()))).not.toContain(TOKEN);
  });

  test("clears the data key after use", async () => {
    const seen: Buffer[] = [];
    const unwrap: Kms["unwrap"] = async (...wrapped) => {
      const unwrapped = await kms.unwrap(...wrapped);
      seen.push(unwrapped.key);
      return unwrapped;
    };
    const envelope = await sealToken();
    const watched = createVault({ kms: { ...kms, unwrap }, clock: systemClock, cache: CACHE });
    await watched.open({ salonId: "salon-1", kind: "auth_token", envelope });
    expect(seen).toEqual([Buffer.alloc(32)]);
  });

  test("still works after the key was rotated", async () => {
    const envelope = await sealToken();
    server.rotateKey();
    expect((await openToken(envelope)).reveal()).toBe(TOKEN);
  });
});

describe("an attacker who can write documents", () => {
  test("cannot give one salon's credential to another", async () => {
    await expect(openToken(await sealToken("salon-1"), "salon-2")).rejects.toMatchObject(REFUSED);
  });

  test("cannot pass an account SID off as an auth token", async () => {
    const envelope = await vault.seal({ salonId: "salon-1", kind: "account_sid", secret: new Secret("AC1") });
    await expect(openToken(envelope)).rejects.toMatchObject(REFUSED);
  });

  test("cannot combine the ciphertext of one envelope with the data key of another", async () => {
    const [first, second] = await Promise.all([sealToken(), sealToken()]);
    await expect(openToken({ ...first, data_key: second.data_key })).rejects.toMatchObject(REFUSED);
  });

  test("cannot pass version 2 off as the unbound format", async () => {
    const { version: _, key_name: __, ...stripped } = await sealToken();
    const migrating = createVault({ kms, clock: systemClock, cache: CACHE, unversionedKms: kms });
    const asTheirs = { salonId: "salon-2", kind: "auth_token", envelope: stripped } as const;
    await expect(migrating.open(asTheirs)).rejects.toMatchObject(REFUSED);
  });
});

describe("the platform's first format", () => {
  const sealUnbound = (by: Kms = kms) => sealInFirstFormat(by, TOKEN);

  test("opens while the migration is on", async () => {
    const migrating = createVault({ kms, clock: systemClock, cache: CACHE, unversionedKms: kms });
    const envelope = await sealUnbound();
    const opened = await migrating.open({ salonId: "salon-1", kind: "auth_token", envelope });
    expect(opened.reveal()).toBe(TOKEN);
  });

  test("opens with the key that it was wrapped with, of whatever key ring", async () => {
    const elsewhere = { keyName: server.keyName.replace("asia-south1", "global"), endpoint: server.endpoint };
    const unversionedKms = createKms(elsewhere);
    const migrating = createVault({ kms, clock: systemClock, cache: CACHE, unversionedKms });
    const envelope = await sealUnbound(unversionedKms);
    const opened = await migrating.open({ salonId: "salon-1", kind: "auth_token", envelope });
    expect(opened.reveal()).toBe(TOKEN);
  });

  test("is counted whenever it opens, and told of when it is opened anew", async () => {
    const told: string[] = [];
    const onUnversioned = (...words: string[]) => told.push(words.join(" "));
    const migrating = createVault({
      kms,
      clock: systemClock,
      cache: CACHE,
      unversionedKms: kms,
      onUnversioned,
    });
    const open = (envelope: Envelope) => migrating.open({ salonId: "salon-1", kind: "auth_token", envelope });
    const [old, current] = [await sealUnbound(), await sealToken()];
    for (const envelope of [old, old, current]) await open(envelope);
    expect(migrating.stats()).toEqual({ hits: 1, misses: 2, unversioned: 2 });
    expect(told).toEqual(["salon-1 auth_token"]);
  });

  test("is refused otherwise, without asking Cloud KMS", async () => {
    const envelope = await sealUnbound();
    const before = server.calls().decrypt;
    const refused = vault.open({ salonId: "salon-1", kind: "auth_token", envelope });
    await expect(refused).rejects.toMatchObject(REFUSED);
    expect(server.calls().decrypt).toBe(before);
  });
});
