import { spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { crc32c } from "@aws-crypto/crc32c";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { type KmsServer, startKmsServer } from "#scripts/local-stack/kms-server.ts";
import { systemClock } from "#shared/core/clock.ts";
import { Secret } from "#shared/core/secret.ts";
import type { BoundEnvelope } from "./envelope.ts";
import { createKms, type Kms } from "./kms.ts";
import { createVault, type Vault } from "./vault.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const READER = fileURLToPath(new URL("../../docs/interop", import.meta.url));
const HARNESS = fileURLToPath(
  new URL("../../scripts/credentials/testing/read_over_stdin.py", import.meta.url),
);

const python = ["python3", "/usr/bin/python3"].find(
  (command) => spawnSync(command, ["-c", "import cryptography"]).status === 0,
);
const MISSING =
  "NOT TESTED: no python3 with the package cryptography on this machine (apt-get install python3-cryptography)";
const title = `docs/interop/read_credential.py${python === undefined ? ` — ${MISSING}` : ""}`;
if (python === undefined) process.stderr.write(`${title}\n`);

const base64 = z.base64().transform((text) => Buffer.from(text, "base64"));
const Said = z.union([
  z.strictObject({ credential: z.string() }),
  z.strictObject({ refused: z.string() }),
  z.strictObject({ failed: z.string() }),
  z.strictObject({
    decrypt: z.strictObject({
      name: z.string(),
      ciphertext: base64,
      ciphertext_crc32c: z.int(),
      additional_authenticated_data: base64,
      additional_authenticated_data_crc32c: z.int(),
    }),
  }),
]);

type Decrypt = (
  name: string,
  wrapped: Buffer,
  associatedData: Buffer,
) => Promise<{ plaintext: Buffer; sum?: number } | "unknown key">;

interface Reading {
  readonly envelope: object;
  readonly salonId?: string;
  readonly kind?: string;
  readonly decrypt?: Decrypt;
}

let server: KmsServer;
let kms: Kms;
let vault: Vault;

beforeAll(async () => {
  server = await startKmsServer();
  kms = createKms({ keyName: server.keyName, endpoint: server.endpoint });
  vault = createVault({ kms, clock: systemClock, cache: { max: 10, ttlMs: 60_000 } });
});
afterAll(() => server.stop());

const byCloudKms = async (name: string, wrapped: Buffer, associatedData: Buffer) => ({
  plaintext: (await kms.unwrap(wrapped, associatedData, name)).key,
});

/** What Python reads, with Cloud KMS's part played by `decrypt`. */
async function readInPython({
  envelope,
  salonId = "salon-1",
  kind = "auth_token",
  decrypt = byCloudKms,
}: Reading) {
  const child = spawn(python ?? "python3", [HARNESS, READER], { stdio: ["pipe", "pipe", "inherit"] });
  const tell = (message: object) => child.stdin.write(`${JSON.stringify(message)}\n`);
  tell({ envelope, salon_id: salonId, kind, key_ring: server.keyName.split("/cryptoKeys/")[0] });
  try {
    for await (const line of createInterface({ input: child.stdout })) {
      const said = Said.parse(JSON.parse(line));
      if (!("decrypt" in said)) return said;
      const asked = said.decrypt;
      expect(asked.ciphertext_crc32c).toBe(crc32c(asked.ciphertext));
      expect(asked.additional_authenticated_data_crc32c).toBe(crc32c(asked.additional_authenticated_data));
      const answer = await decrypt(asked.name, asked.ciphertext, asked.additional_authenticated_data).then(
        (result) => {
          if (result === "unknown key") return { unknown_key: true };
          const { plaintext, sum = crc32c(plaintext) } = result;
          return { plaintext: plaintext.toString("base64"), plaintext_crc32c: sum };
        },
        () => ({ invalid: true }),
      );
      tell(answer);
    }
  } finally {
    child.kill();
  }
  throw new Error("The reader said nothing.");
}

const sealToken = (salonId = "salon-1", secret = TOKEN): Promise<BoundEnvelope> =>
  vault.seal({ salonId, kind: "auth_token", secret: new Secret(secret) });

describe.skipIf(python === undefined)(title, { timeout: 20_000 }, () => {
  test("reads what the vault sealed", async () => {
    expect(await readInPython({ envelope: await sealToken() })).toEqual({ credential: TOKEN });
  });

  test("reads any characters, in the salon's id too", async () => {
    const [salonId, secret] = ['salon_é1 "\\\n\u2028\u007f\u{1F487}', "日本 \u{1F487}\u0000"];
    const envelope = await sealToken(salonId, secret);
    expect(await readInPython({ envelope, salonId })).toEqual({ credential: secret });
  });

  test("reads the example of README.md", async () => {
    const envelope = {
      version: "2",
      key_name: server.keyName,
      data_key: "AA==",
      nonce: "AAECAwQFBgcICQoL",
      ciphertext: "dzPkKPHQ9Cy1ePbp0o0dC7PntQfETmlLAF6E534NZdRpD02Dhpp9bLhEttVHoJrT",
    };
    const decrypt: Decrypt = async (_name, _wrapped, associatedData) => {
      expect(associatedData.toString("utf8")).toBe('["2","salon_é1"]');
      return { plaintext: Buffer.from(Array.from({ length: 32 }, (_, index) => index)) };
    };
    const read = await readInPython({ envelope, salonId: "salon_é1", decrypt });
    expect(read).toEqual({ credential: TOKEN });
  });

  describe("refuses", () => {
    test("another salon's", async () => {
      const read = await readInPython({ envelope: await sealToken(), salonId: "salon-2" });
      expect(read).toEqual({ refused: "altered, or of another salon" });
    });

    test("another kind", async () => {
      const read = await readInPython({ envelope: await sealToken(), kind: "account_sid" });
      expect(read).toEqual({ refused: "altered, or of another kind" });
    });

    test("what was altered", async () => {
      const envelope = { ...(await sealToken()), ciphertext: Buffer.alloc(48).toString("base64") };
      expect(await readInPython({ envelope })).toEqual({ refused: "altered, or of another kind" });
    });

    test("the first format", async () => {
      const { version: _, key_name: __, ...envelope } = await sealToken();
      expect(await readInPython({ envelope })).toEqual({ refused: "not version 2" });
    });

    test("a key of the key ring that Cloud KMS does not know", async () => {
      const read = await readInPython({ envelope: await sealToken(), decrypt: async () => "unknown key" });
      expect(read).toEqual({ refused: "sealed with a key that does not exist" });
    });

    test("a key of another key ring, without asking Cloud KMS", async () => {
      const key_name = server.keyName.replace("keyRings/salon-flow", "keyRings/attacker");
      const before = server.calls().decrypt;
      const read = await readInPython({ envelope: { ...(await sealToken()), key_name } });
      expect(read).toEqual({ refused: "sealed with a key outside the key ring" });
      expect(server.calls().decrypt).toBe(before);
    });
  });

  test("does not use a data key that arrived damaged from Cloud KMS", async () => {
    const decrypt: Decrypt = async (...asked) => ({ ...(await byCloudKms(...asked)), sum: 1 });
    const read = await readInPython({ envelope: await sealToken(), decrypt });
    expect(read).toEqual({ failed: expect.stringContaining("arrived damaged") });
  });
});
