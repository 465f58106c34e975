import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type KmsServer, startKmsServer } from "#scripts/local-stack/kms-server.ts";
import { systemClock } from "#shared/core/clock.ts";
import { Secret } from "#shared/core/secret.ts";
import { envelopeSchema } from "./envelope.ts";
import { createKms } from "./kms.ts";
import { createVault, type Vault } from "./vault.ts";

let server: KmsServer;
let vault: Vault;

beforeAll(async () => {
  server = await startKmsServer();
  const kms = createKms({ keyName: server.keyName, endpoint: server.endpoint });
  vault = createVault({ kms, clock: systemClock, cache: { max: 1, ttlMs: 60_000 } });
});
afterAll(() => server.stop());

const kinds = fc.constantFrom("account_sid" as const, "auth_token" as const);
/** Salon ids of ours, and whatever could confuse the list of words that an envelope is bound to. */
const salonIds = fc.oneof(
  fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{2,63}$/),
  fc.string({ unit: "binary", minLength: 1 }),
  fc.constantFrom('salon-1","auth_token', "salon-1]", "\u2028", "salon\\", "salon_é1", "salon_e\u03011"),
);
/** Any code points; four bytes each at most, so up to 10 kB. */
const secrets = fc.string({ unit: "binary", maxLength: 2_500, size: "max" });

const seal = (salonId: string, kind: "account_sid" | "auth_token", text: string) =>
  vault.seal({ salonId, kind, secret: new Secret(text) });

test("any secret of up to 10 kB comes back as it was, for any salon and kind", {
  timeout: 30_000,
}, async () => {
  await fc.assert(
    fc.asyncProperty(salonIds, kinds, secrets, async (salonId, kind, text) => {
      const envelope = envelopeSchema.parse(await seal(salonId, kind, text));
      expect((await vault.open({ salonId, kind, envelope })).reveal()).toBe(text);
    }),
    { numRuns: 60, examples: [["salon-1", "auth_token", "\u{10FFFF}".repeat(2_500)]] },
  );
});

test("no envelope opens for any other salon or as any other kind", { timeout: 30_000 }, async () => {
  const places = fc.tuple(salonIds, kinds);
  await fc.assert(
    fc.asyncProperty(places, places, async ([salonId, kind], [other, otherKind]) => {
      fc.pre(salonId !== other || kind !== otherKind);
      const envelope = await seal(salonId, kind, "a token");
      const elsewhere = vault.open({ salonId: other, kind: otherKind, envelope });
      await expect(elsewhere).rejects.toMatchObject({ code: "failed-precondition", retry: false });
    }),
    { numRuns: 60 },
  );
});

describe("not one bit can be changed", () => {
  test.each(["ciphertext", "nonce", "data_key"] as const)("in the %s", { timeout: 30_000 }, async (field) => {
    const envelope = await seal("salon-1", "auth_token", "0123456789abcdef");
    const bytes = Buffer.from(envelope[field], "base64");
    const opened: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const altered = { ...envelope, [field]: flip(bytes, bit).toString("base64") };
      const attempt = vault.open({ salonId: "salon-1", kind: "auth_token", envelope: altered });
      const code = await attempt.then(() => "opened").catch((error: { code: string }) => error.code);
      if (code !== "failed-precondition") opened.push(bit);
    }
    expect(opened).toEqual([]);
  });
});

function flip(bytes: Buffer, bit: number): Buffer {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
  return copy;
}
