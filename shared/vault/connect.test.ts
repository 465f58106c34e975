import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { sealInFirstFormat } from "#scripts/credentials/testing/first-format.ts";
import { type KmsServer, startKmsServer } from "#scripts/local-stack/kms-server.ts";
import { createLogBook, type LogBook } from "#scripts/testing/log-book.ts";
import { systemClock } from "#shared/core/clock.ts";
import { Secret } from "#shared/core/secret.ts";
import { connectVault, type VaultConfig } from "./connect.ts";
import type { BoundEnvelope } from "./envelope.ts";
import { createKms } from "./kms.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";

let server: KmsServer;
let config: VaultConfig;
let book: LogBook;
let envelope: BoundEnvelope;

const connect = (more: Partial<VaultConfig> = {}) =>
  connectVault({ ...config, ...more }, { clock: systemClock, logger: book.logger });

beforeAll(async () => {
  server = await startKmsServer();
  config = {
    KMS_KEY_NAME: server.keyName,
    KMS_ENDPOINT: server.endpoint,
    CREDENTIALS_ACCEPT_UNVERSIONED: false,
  };
});
beforeEach(async () => {
  book = createLogBook();
  envelope = await connect().seal({ salonId: "salon-1", kind: "auth_token", secret: new Secret(TOKEN) });
});
afterEach(() => server.setFault(undefined));
afterAll(() => server.stop());

const linesAsRead = () => book.lines.map((line) => JSON.parse(line));

describe("a refused credential is an error in the log, with the salon and the reason, when it", () => {
  const {
    version: _,
    key_name: __,
    ...unversioned
  } = {
    version: "2",
    key_name: "",
    ciphertext: Buffer.alloc(48).toString("base64"),
    data_key: Buffer.alloc(64).toString("base64"),
    nonce: Buffer.alloc(12).toString("base64"),
  };

  test.each([
    ["belongs to another salon", () => envelope, "salon-2", "belongs to another salon"],
    [
      "was altered",
      () => ({ ...envelope, ciphertext: Buffer.alloc(48).toString("base64") }),
      "salon-1",
      "was altered",
    ],
    ["is in the first format", () => unversioned, "salon-1", "old format"],
    [
      "names a key of another key ring",
      () => ({ ...envelope, key_name: server.keyName.replace("salon-flow/", "attacker/") }),
      "salon-1",
      "outside our key ring",
    ],
  ])("%s", async (_case, stored, salonId, words) => {
    const opened = connect().open({ salonId, kind: "auth_token", envelope: stored() });
    await expect(opened).rejects.toMatchObject({ code: "failed-precondition" });
    expect(linesAsRead()).toEqual([
      expect.objectContaining({
        severity: "ERROR",
        message: "stored credential refused",
        salonId,
        reason: expect.stringMatching(new RegExp(`^auth_token: .*${words}`)),
      }),
    ]);
    expect(book.leaked([TOKEN, stored().ciphertext, stored().data_key, stored().nonce])).toEqual([]);
  });
});

test("an outage is nobody's tampering", async () => {
  server.setFault({ kind: "denied" });
  const opened = connect().open({ salonId: "salon-1", kind: "auth_token", envelope });
  await expect(opened).rejects.toMatchObject({ code: "unavailable" });
  expect(book.lines).toEqual([]);
});

test("the first format opens with the key it was wrapped with while it is accepted, and is a warning", async () => {
  const keyName = server.keyName.replace("asia-south1", "global");
  const old = createKms({ keyName, endpoint: server.endpoint });
  const vault = connect({ CREDENTIALS_ACCEPT_UNVERSIONED: true, CREDENTIALS_UNVERSIONED_KEY_NAME: keyName });
  const stored = await sealInFirstFormat(old, TOKEN);
  const opened = await vault.open({ salonId: "salon-1", kind: "auth_token", envelope: stored });
  expect(opened.reveal()).toBe(TOKEN);
  expect(linesAsRead()).toEqual([expect.objectContaining({ severity: "WARNING", salonId: "salon-1" })]);
  expect(book.leaked([TOKEN])).toEqual([]);
});
