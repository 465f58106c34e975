import { SecretManagerServiceClient } from "@google-cloud/secret-manager";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { insecureClient } from "#scripts/testing/insecure-client.ts";
import { type SecretManagerServer, startSecretManagerServer } from "./secret-manager-server.ts";

const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const FAILED_PRECONDITION = 9;
const UNAVAILABLE = 14;

const project = "projects/salon-flow-local";
const token = `${project}/secrets/twilio-auth-token`;
let server: SecretManagerServer;
let client: SecretManagerServiceClient;

beforeAll(async () => {
  vi.stubEnv("METADATA_SERVER_DETECTION", "none");
  server = await startSecretManagerServer({ secrets: { "twilio-auth-token": "first" } });
  client = new SecretManagerServiceClient(insecureClient(server.endpoint));
});
afterEach(() => server.setFault(undefined));
afterAll(async () => {
  await client.close();
  await server.stop();
});

async function access(name: string) {
  const [answer] = await client.accessSecretVersion({ name }, { timeout: 1000, retry: null });
  return { name: answer.name, value: String(answer.payload?.data), crc: Number(answer.payload?.dataCrc32c) };
}

test("gives a version's value with its CRC-32C", async () => {
  // 0x9db89a0f… is not computed here: CRC-32C("123456789") is the published check value.
  server.setSecret("check", "123456789");
  expect(await access(`${project}/secrets/check/versions/latest`)).toEqual({
    name: `${project}/secrets/check/versions/1`,
    value: "123456789",
    crc: 0xe3069283,
  });
});

test("takes the newest version for `latest`, and the pinned one by its number", async () => {
  const [added] = await client.addSecretVersion({ parent: token, payload: { data: Buffer.from("second") } });
  expect(added).toMatchObject({ name: `${token}/versions/2`, state: "ENABLED" });
  expect((await access(`${token}/versions/latest`)).value).toBe("second");
  expect((await access(`${token}/versions/1`)).value).toBe("first");
});

test("refuses `latest` while the newest version is disabled, rather than give an older one", async () => {
  server.setSecret("rotating", "old");
  server.setSecret("rotating", "new");
  const name = `${project}/secrets/rotating`;
  await client.disableSecretVersion({ name: `${name}/versions/2` });
  await expect(access(`${name}/versions/latest`)).rejects.toMatchObject({ code: FAILED_PRECONDITION });
  expect((await access(`${name}/versions/1`)).value).toBe("old");
  const [version] = await client.getSecretVersion({ name: `${name}/versions/latest` });
  expect(version).toMatchObject({ name: `${name}/versions/2`, state: "DISABLED" });
  await client.enableSecretVersion({ name: `${name}/versions/2` });
  expect((await access(`${name}/versions/latest`)).value).toBe("new");
});

test("creates a secret once, and lists its versions newest first", async () => {
  const request = { parent: project, secretId: "created", secret: { replication: { automatic: {} } } };
  const [secret] = await client.createSecret(request);
  await expect(client.createSecret(request)).rejects.toMatchObject({ code: ALREADY_EXISTS });
  for (const value of ["a", "b"]) {
    await client.addSecretVersion({ parent: secret.name ?? "", payload: { data: Buffer.from(value) } });
  }
  const [versions] = await client.listSecretVersions({ parent: secret.name ?? "" });
  expect(versions.map(({ name }) => name)).toEqual([
    `${secret.name}/versions/2`,
    `${secret.name}/versions/1`,
  ]);
});

test("never gives a destroyed version back", async () => {
  server.setSecret("destroyed", "x");
  const name = `${project}/secrets/destroyed/versions/1`;
  await client.destroySecretVersion({ name });
  await expect(client.enableSecretVersion({ name })).rejects.toMatchObject({ code: FAILED_PRECONDITION });
  await expect(access(name)).rejects.toMatchObject({ code: FAILED_PRECONDITION });
});

test("does not find unknown secrets, versions and projects", async () => {
  for (const name of [
    `${project}/secrets/unknown/versions/latest`,
    `${token}/versions/99`,
    "projects/someone-else/secrets/twilio-auth-token/versions/1",
  ]) {
    await expect(access(name)).rejects.toMatchObject({ code: NOT_FOUND });
  }
});

test("refuses data whose checksum does not fit", async () => {
  const payload = { data: Buffer.from("x"), dataCrc32c: 1 };
  await expect(client.addSecretVersion({ parent: token, payload })).rejects.toMatchObject({
    code: INVALID_ARGUMENT,
  });
});

test("fails on demand, and counts the calls that failed too", async () => {
  const before = server.calls().access;
  server.setFault({ kind: "unavailable" });
  await expect(access(`${token}/versions/1`)).rejects.toMatchObject({ code: UNAVAILABLE });
  server.setFault({ kind: "wrong_crc" });
  server.setSecret("check", "123456789");
  expect((await access(`${project}/secrets/check/versions/latest`)).crc).not.toBe(0xe3069283);
  expect(server.calls().access).toBe(before + 2);
});
