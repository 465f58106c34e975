import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { verifyChains } from "#scripts/audit/verify-chains.ts";
import { createKms } from "#shared/vault/kms.ts";
import { createVault } from "#shared/vault/vault.ts";
import { createRewrapping } from "./rewrapping.ts";
import type { Rewrite } from "./rewrite-salon.ts";
import { type CredentialBench, startCredentialBench } from "./testing/credential-bench.ts";

let bench: CredentialBench;
let rewrapping: Rewrite;

beforeAll(async () => {
  bench = await startCredentialBench();
  rewrapping = createRewrapping(bench.vault);
});
afterEach(() => bench.reset());
afterAll(() => bench.stop());

async function writeSalon(salonId: string) {
  const [account_sid, auth_token] = await Promise.all([
    bench.sealNew(salonId, "account_sid", `sid of ${salonId}`),
    bench.sealNew(salonId, "auth_token", `token of ${salonId}`),
  ]);
  await bench.documentOf(salonId).set({ salon_id: salonId, twilio: { account_sid, auth_token } });
  return { account_sid, auth_token };
}

test("does nothing while the primary version is the one that wrapped", async () => {
  await writeSalon("salon-1");
  const before = bench.server.calls().encrypt;
  expect(await bench.run({ rewrite: rewrapping })).toMatchObject({ envelopes: 2, rewritten: 0 });
  expect(bench.server.calls().encrypt).toBe(before);
});

test("after a rotation moves every data key once, and no credential", async () => {
  const before = await writeSalon("salon-1");
  await writeSalon("salon-2");
  bench.server.rotateKey();
  expect(await bench.run({ rewrite: rewrapping })).toMatchObject({ envelopes: 4, rewritten: 4 });
  const envelope = await bench.stored("salon-1", "twilio.auth_token");
  expect(envelope).toEqual({ ...before.auth_token, data_key: envelope.data_key });
  expect(envelope.data_key).not.toBe(before.auth_token.data_key);
  const opened = await bench.vault.open({ salonId: "salon-1", kind: "auth_token", envelope });
  expect(opened.reveal()).toBe("token of salon-1");
  expect(await bench.run({ rewrite: rewrapping })).toMatchObject({ envelopes: 4, rewritten: 0 });
});

test("moves what an older CryptoKey of the key ring wrapped to the configured one", async () => {
  await writeSalon("salon-1");
  const keyName = `${bench.server.keyName}-2027`;
  const kms = createKms({ keyName, endpoint: bench.server.endpoint });
  const vault = createVault({ kms, clock: { now: () => new Date() }, cache: { max: 10, ttlMs: 1_000 } });
  expect(await bench.run({ vault, rewrite: createRewrapping(vault) })).toMatchObject({ rewritten: 2 });
  expect(await bench.stored("salon-1", "twilio.auth_token")).toMatchObject({ key_name: keyName });
});

test("writes each salon's change and its audit entry together, with fingerprints for values", async () => {
  await writeSalon("salon-1");
  await writeSalon("salon-2");
  bench.server.rotateKey();
  await bench.run({ rewrite: rewrapping, action: "rewrapped", by: "credentials:rewrap" });
  await bench.run({ rewrite: rewrapping, action: "rewrapped", by: "credentials:rewrap" });
  expect(await verifyChains(bench.database, {})).toEqual({ chains: 2, entries: 2, problems: [] });
  const entry = await bench.database.firestore.doc("integration_audit/salon-1_0000000001").get();
  const fingerprint = expect.stringMatching(/^[0-9a-f]{16}$/);
  expect(entry.data()).toMatchObject({
    action: "rewrapped",
    actor: { kind: "operator", id: "credentials:rewrap" },
    changes: [
      { field: "twilio.account_sid", before: fingerprint, after: fingerprint },
      { field: "twilio.auth_token", before: fingerprint, after: fingerprint },
    ],
  });
});

test("changes nothing of a salon whose audit entry cannot be written", async () => {
  const before = await writeSalon("salon-1");
  await bench.database.firestore.doc("integration_audit_heads/salon-1").set({ salon_id: "salon-1" });
  bench.server.rotateKey();
  const { rewritten, problems } = await bench.run({ rewrite: rewrapping, action: "rewrapped" });
  expect([rewritten, problems.length]).toEqual([0, 2]);
  expect(await bench.stored("salon-1", "twilio.auth_token")).toEqual(before.auth_token);
});

test("does not write what would not open where it stands", async () => {
  const { auth_token } = await writeSalon("salon-1");
  const swapped = { twilio: { account_sid: auth_token } };
  await bench.documentOf("salon-1").set(swapped);
  bench.server.rotateKey();
  expect((await bench.run({ rewrite: rewrapping })).problems).toEqual([
    expect.stringMatching(/^salon-1: twilio\.account_sid: The stored credential was altered or belongs/),
  ]);
  expect((await bench.documentOf("salon-1").get()).data()).toEqual(swapped);
});

test("says of the first format that it must be migrated before an old version may go", async () => {
  await bench.documentOf("salon-1").set({ twilio: { auth_token: await bench.sealOld("a token") } });
  const { problems } = await bench.run({ rewrite: rewrapping });
  expect(problems).toEqual([expect.stringContaining("run credentials:migrate")]);
});

describe("from the command line", () => {
  const command = (name: string, ...args: string[]) => {
    const script = fileURLToPath(new URL(`./${name}.ts`, import.meta.url));
    const env = {
      ...process.env,
      GOOGLE_CLOUD_PROJECT: bench.projectId,
      KMS_KEY_NAME: bench.server.keyName,
      KMS_ENDPOINT: bench.server.endpoint,
    };
    return new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, [script, ...args], { env }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : error.code, stdout, stderr }),
      );
    });
  };

  test("a salon is migrated, its data keys are rewrapped, and nothing secret is printed", async () => {
    await bench.documentOf("salon-1").set({ twilio: { auth_token: await bench.sealOld("canary-7f3a9c") } });
    const planned = await command("migrate");
    expect(planned).toMatchObject({ code: 0, stdout: expect.stringContaining("1 to be rewritten") });
    const migrated = await command("migrate", "--apply");
    expect(migrated).toMatchObject({ code: 0, stdout: expect.stringContaining("1 rewritten") });
    bench.server.rotateKey();
    const rewrapped = await command("rewrap", "--apply");
    expect(rewrapped).toMatchObject({ code: 0, stdout: expect.stringContaining("1 rewritten") });
    const envelope = await bench.stored("salon-1", "twilio.auth_token");
    const opened = await bench.vault.open({ salonId: "salon-1", kind: "auth_token", envelope });
    expect(opened.reveal()).toBe("canary-7f3a9c");
    const printed = JSON.stringify([planned, migrated, rewrapped]);
    for (const value of ["canary-7f3a9c", envelope.data_key, envelope.ciphertext]) {
      expect(printed).not.toContain(value);
    }
  });

  test("the exit code is 1 and the salon is named when a credential cannot be migrated", async () => {
    const auth_token = { ...(await bench.sealOld("x")), ciphertext: Buffer.alloc(48).toString("base64") };
    await bench.documentOf("salon-1").set({ twilio: { auth_token } });
    const { code, stdout } = await command("migrate", "--apply");
    expect(code).toBe(1);
    expect(stdout).toContain("salon-1: twilio.auth_token: The stored credential was altered");
  });
});
