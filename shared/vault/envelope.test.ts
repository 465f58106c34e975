import { describe, expect, test } from "vitest";
import { envelopeSchema } from "./envelope.ts";

const unbound = {
  ciphertext: Buffer.alloc(48, 1).toString("base64"),
  data_key: Buffer.alloc(80, 2).toString("base64"),
  nonce: Buffer.alloc(12, 3).toString("base64"),
};
const bound = {
  ...unbound,
  version: "2",
  key_name: "projects/p/locations/asia-south1/keyRings/r/cryptoKeys/k",
};

test("knows version 2 and the platform's first format", () => {
  expect(envelopeSchema.parse(bound)).toEqual(bound);
  expect(envelopeSchema.parse(unbound)).toEqual(unbound);
});

describe("refuses", () => {
  test.each([
    ["another version", { ...bound, version: "3" }],
    ["a version that is a number", { ...bound, version: 2 }],
    ["version 2 without the key's name", { ...unbound, version: "2" }],
    ["the first format with a key's name", { ...unbound, key_name: bound.key_name }],
    ["the name of a key version", { ...bound, key_name: `${bound.key_name}/cryptoKeyVersions/1` }],
    ["fields that it does not know", { ...bound, plaintext: "oops" }],
    ["a nonce of another length", { ...bound, nonce: Buffer.alloc(16).toString("base64") }],
    ["a ciphertext too short for its tag", { ...bound, ciphertext: Buffer.alloc(15).toString("base64") }],
    ["an empty data key", { ...bound, data_key: "" }],
    ["what is not base64", { ...bound, ciphertext: `${bound.ciphertext}!` }],
    ["bytes instead of text", { ...bound, ciphertext: Buffer.alloc(48) }],
  ])("%s", (_, envelope) => {
    expect(envelopeSchema.safeParse(envelope).success).toBe(false);
  });

  test("without repeating what it refused", () => {
    const { error } = envelopeSchema.safeParse({ ...bound, ciphertext: "super secret" });
    expect(JSON.stringify(error)).not.toContain("super secret");
  });
});
