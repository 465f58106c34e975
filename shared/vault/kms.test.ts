import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type KmsServer, startKmsServer } from "#scripts/local-stack/kms-server.ts";
import { AppError } from "#shared/core/errors.ts";
import { createKms, type Kms } from "./kms.ts";

let server: KmsServer;
let kms: Kms;

beforeAll(async () => {
  server = await startKmsServer();
  kms = createKms({ keyName: server.keyName, endpoint: server.endpoint });
});
afterEach(() => server.setFault(undefined));
afterAll(() => server.stop());

const dataKey = Buffer.from("a data key of thirty-two bytes..");
const aad = Buffer.from('["2","salon-1"]');

async function failureOf(work: Promise<unknown>): Promise<AppError> {
  const error = await work.then(() => undefined).catch((thrown: unknown) => thrown);
  if (error instanceof AppError) return error;
  throw new Error("expected an AppError");
}

test("gives back the data key that it wrapped, and names the key and not its version", async () => {
  const { wrapped, keyName } = await kms.wrap(dataKey, aad);
  expect(keyName).toBe(server.keyName);
  expect(wrapped).not.toContain(dataKey);
  expect(await kms.unwrap(wrapped, aad, keyName)).toEqual({ key: dataKey, current: true });
});

test("opens what was wrapped before the key was rotated", async () => {
  const { wrapped, keyName } = await kms.wrap(dataKey, aad);
  server.rotateKey();
  expect(await kms.unwrap(wrapped, aad, keyName)).toEqual({ key: dataKey, current: false });
});

test("does not call a key current that another CryptoKey of the key ring wrapped", async () => {
  const old = createKms({ keyName: `${server.keyName}-old`, endpoint: server.endpoint });
  const { wrapped, keyName } = await old.wrap(dataKey, aad);
  expect(await kms.unwrap(wrapped, aad, keyName)).toEqual({ key: dataKey, current: false });
});

describe("refuses to unwrap", () => {
  test("with another salon's associated data", async () => {
    const { wrapped } = await kms.wrap(dataKey, aad);
    const error = await failureOf(kms.unwrap(wrapped, Buffer.from('["2","salon-2"]')));
    expect(error).toMatchObject({ code: "failed-precondition", context: { service: "Cloud KMS" } });
  });

  test("bytes that were tampered with", async () => {
    const { wrapped } = await kms.wrap(dataKey, aad);
    wrapped.writeUInt8(wrapped.readUInt8(20) ^ 1, 20);
    expect((await failureOf(kms.unwrap(wrapped, aad))).code).toBe("failed-precondition");
  });

  test("with a key of our key ring that does not exist: the document names it, and trying again does not help", async () => {
    const { wrapped } = await kms.wrap(dataKey, aad);
    const error = await failureOf(kms.unwrap(wrapped, aad, `${server.keyName}-missing`));
    expect(error).toMatchObject({ code: "failed-precondition", retry: false });
    expect(error.message).toBe("The credential names a key that does not exist.");
  });

  test("with a key of somebody else's key ring, without asking for it", async () => {
    const { wrapped } = await kms.wrap(dataKey, aad);
    const before = server.calls().decrypt;
    const theirs = "projects/attacker/locations/asia-south1/keyRings/salon-flow/cryptoKeys/credentials";
    expect((await failureOf(kms.unwrap(wrapped, aad, theirs))).code).toBe("failed-precondition");
    expect(server.calls().decrypt).toBe(before);
  });
});

describe("an outage", () => {
  test("says what to look at when Cloud KMS is down", async () => {
    const impatient = createKms({ keyName: server.keyName, endpoint: server.endpoint, timeoutMs: 300 });
    await impatient.wrap(dataKey, aad);
    server.setFault({ kind: "unavailable" });
    const error = await failureOf(impatient.wrap(dataKey, aad));
    expect(error).toMatchObject({ code: "unavailable", context: { service: "Cloud KMS" } });
    expect(error.message).toMatch(/KMS_KEY_NAME.*KMS_ENDPOINT/);
  });

  test("ends the wait for a slow Cloud KMS after two seconds", async () => {
    server.setFault({ kind: "slow", ms: 10_000 });
    const started = performance.now();
    expect((await failureOf(kms.wrap(dataKey, aad))).code).toBe("unavailable");
    expect(performance.now() - started).toBeLessThan(2600);
  });

  test("names the role that is missing when the key may not be used", async () => {
    server.setFault({ kind: "denied" });
    const error = await failureOf(kms.wrap(dataKey, aad));
    expect(error.code).toBe("unavailable");
    expect(error.message).toContain("roles/cloudkms.cryptoKeyEncrypterDecrypter");
  });

  test("names the variable when the key that it configures does not exist", async () => {
    const { wrapped } = await kms.wrap(dataKey, aad);
    const wrong = createKms({ keyName: `${server.keyName}-missing`, endpoint: server.endpoint });
    const error = await failureOf(wrong.unwrap(wrapped, aad));
    expect(error).toMatchObject({ code: "unavailable", retry: true });
    expect(error.message).toContain("KMS_KEY_NAME");
  });
});

describe("checksums", () => {
  test.each(["wrong_crc", "unverified_crc"] as const)(
    "a wrap with %s is tried twice, then given up",
    async (kind) => {
      server.setFault({ kind });
      const before = server.calls().encrypt;
      expect((await failureOf(kms.wrap(dataKey, aad))).code).toBe("unavailable");
      expect(server.calls().encrypt - before).toBe(2);
    },
  );

  test("an unwrapped key that does not fit its checksum is not used", async () => {
    const { wrapped } = await kms.wrap(dataKey, aad);
    server.setFault({ kind: "wrong_crc" });
    const before = server.calls().decrypt;
    expect((await failureOf(kms.unwrap(wrapped, aad))).code).toBe("unavailable");
    expect(server.calls().decrypt - before).toBe(2);
  });
});

test.each([
  "kms.example.com:443",
  "10.0.0.7:9010",
  "127.0.0.1.example.com:9010",
  "127.0.0.1",
  "https://127.0.0.1:9010",
])("never speaks without TLS to %s", (endpoint) => {
  expect(() => createKms({ keyName: server.keyName, endpoint })).toThrow(/KMS_ENDPOINT may only name/);
});
