import { crc32c } from "@aws-crypto/crc32c";
import { KeyManagementServiceClient } from "@google-cloud/kms";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { insecureClient } from "#scripts/testing/insecure-client.ts";
import { type KmsServer, startKmsServer } from "./kms-server.ts";

const INVALID_ARGUMENT = 3;
const DEADLINE_EXCEEDED = 4;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAVAILABLE = 14;

let server: KmsServer;
let client: KeyManagementServiceClient;

beforeAll(async () => {
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
  server = await startKmsServer();
  client = new KeyManagementServiceClient(insecureClient(server.endpoint));
});
afterEach(() => server.setFault(undefined));
afterAll(async () => {
  await client.close();
  await server.stop();
});

const plaintext = Buffer.from("a data key of thirty-two bytes..");
const additionalAuthenticatedData = Buffer.from('["2","salon-1"]');

async function encrypt(name = server.keyName, data = plaintext) {
  const [sealed] = await client.encrypt({
    name,
    plaintext: data,
    additionalAuthenticatedData,
    plaintextCrc32c: { value: crc32c(data) },
    additionalAuthenticatedDataCrc32c: { value: crc32c(additionalAuthenticatedData) },
  });
  return { ...sealed, ciphertext: Buffer.from(sealed.ciphertext ?? "") };
}

async function decrypt(ciphertext: Buffer, name = server.keyName, associated = additionalAuthenticatedData) {
  const [opened] = await client.decrypt(
    { name, ciphertext, additionalAuthenticatedData: associated },
    { timeout: 500, retry: null },
  );
  return { ...opened, plaintext: Buffer.from(opened.plaintext ?? "") };
}

describe("Encrypt and Decrypt", () => {
  test("gives back what was encrypted, with checksums that fit", async () => {
    const sealed = await encrypt();
    expect(sealed.name).toBe(`${server.keyName}/cryptoKeyVersions/1`);
    expect(sealed.verifiedPlaintextCrc32c).toBe(true);
    expect(sealed.verifiedAdditionalAuthenticatedDataCrc32c).toBe(true);
    expect(Number(sealed.ciphertextCrc32c?.value)).toBe(crc32c(sealed.ciphertext));
    const opened = await decrypt(sealed.ciphertext);
    expect(opened.plaintext).toEqual(plaintext);
    expect(Number(opened.plaintextCrc32c?.value)).toBe(crc32c(plaintext));
    expect(opened.usedPrimary).toBe(true);
  });

  test("does not claim to have verified a checksum it was not given", async () => {
    const [sealed] = await client.encrypt({ name: server.keyName, plaintext });
    expect(sealed.verifiedPlaintextCrc32c).toBe(false);
  });

  test("refuses a request whose checksum does not fit", async () => {
    const request = { name: server.keyName, plaintext, plaintextCrc32c: { value: crc32c(plaintext) + 1 } };
    await expect(client.encrypt(request)).rejects.toMatchObject({ code: INVALID_ARGUMENT });
  });

  test("refuses more than 64 KiB", async () => {
    await expect(encrypt(server.keyName, Buffer.alloc(64 * 1024))).resolves.toBeDefined();
    await expect(encrypt(server.keyName, Buffer.alloc(64 * 1024 + 1))).rejects.toMatchObject({
      code: INVALID_ARGUMENT,
    });
  });

  test("refuses a ciphertext moved to another salon", async () => {
    const { ciphertext } = await encrypt();
    const other = decrypt(ciphertext, server.keyName, Buffer.from('["2","salon-2"]'));
    await expect(other).rejects.toMatchObject({ code: INVALID_ARGUMENT });
  });

  test("refuses a ciphertext with any byte changed", async () => {
    const { ciphertext } = await encrypt();
    for (const position of [0, 4, 16, ciphertext.length - 1]) {
      const tampered = Buffer.from(ciphertext);
      tampered.writeUInt8(tampered.readUInt8(position) ^ 1, position);
      await expect(decrypt(tampered)).rejects.toMatchObject({ code: INVALID_ARGUMENT });
    }
  });

  test("refuses a ciphertext of another key", async () => {
    const other = `${server.keyName}-other`;
    await encrypt(other);
    await expect(decrypt((await encrypt()).ciphertext, other)).rejects.toMatchObject({
      code: INVALID_ARGUMENT,
    });
  });

  test("does not find a key nobody encrypted with, nor one of another project", async () => {
    const { ciphertext } = await encrypt();
    await expect(decrypt(ciphertext, `${server.keyName}-new`)).rejects.toMatchObject({ code: NOT_FOUND });
    const foreign = server.keyName.replace("salon-flow-local", "someone-else");
    await expect(encrypt(foreign)).rejects.toMatchObject({ code: NOT_FOUND });
  });

  test("refuses to decrypt by the name of a version, as Cloud KMS does", async () => {
    const { ciphertext, name } = await encrypt();
    await expect(decrypt(ciphertext, name ?? "")).rejects.toMatchObject({ code: INVALID_ARGUMENT });
  });
});

test("decrypts with the version that encrypted, after a rotation too, and says that it is no longer primary", async () => {
  const name = `${server.keyName}-rotated`;
  const old = await encrypt(name);
  server.rotateKey(name);
  const opened = await decrypt(old.ciphertext, name);
  expect(opened.plaintext).toEqual(plaintext);
  expect(opened.usedPrimary).toBe(false);
  expect((await encrypt(name)).name).toBe(`${name}/cryptoKeyVersions/2`);
  const [key] = await client.getCryptoKey({ name });
  expect(key.primary?.name).toBe(`${name}/cryptoKeyVersions/2`);
});

test("counts the calls, refused ones included", async () => {
  const before = server.calls();
  const { ciphertext } = await encrypt();
  server.setFault({ kind: "unavailable" });
  await expect(decrypt(ciphertext)).rejects.toThrow();
  expect(server.calls()).toEqual({ encrypt: before.encrypt + 1, decrypt: before.decrypt + 1 });
});

describe("faults", () => {
  test("unavailable and denied reach the client as their status", async () => {
    const { ciphertext } = await encrypt();
    server.setFault({ kind: "unavailable" });
    await expect(decrypt(ciphertext)).rejects.toMatchObject({ code: UNAVAILABLE });
    server.setFault({ kind: "denied" });
    await expect(decrypt(ciphertext)).rejects.toMatchObject({ code: PERMISSION_DENIED });
  });

  test("slow makes a client with a deadline give up", async () => {
    const { ciphertext } = await encrypt();
    server.setFault({ kind: "slow", ms: 1500 });
    await expect(decrypt(ciphertext)).rejects.toMatchObject({ code: DEADLINE_EXCEEDED });
  });

  test("wrong_crc answers with checksums that do not fit", async () => {
    server.setFault({ kind: "wrong_crc" });
    const sealed = await encrypt();
    expect(Number(sealed.ciphertextCrc32c?.value)).not.toBe(crc32c(sealed.ciphertext));
    const opened = await decrypt(sealed.ciphertext);
    expect(Number(opened.plaintextCrc32c?.value)).not.toBe(crc32c(opened.plaintext));
  });

  test("unverified_crc says that the request's checksums never arrived", async () => {
    server.setFault({ kind: "unverified_crc" });
    expect((await encrypt()).verifiedPlaintextCrc32c).toBe(false);
  });
});
