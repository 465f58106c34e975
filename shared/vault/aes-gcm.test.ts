import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { open, seal } from "./aes-gcm.ts";

const hex = (text: string) => Buffer.from(text, "hex");

/** Test cases 13, 14 and 16 of McGrew and Viega, "The Galois/Counter Mode of Operation", as NIST published them. */
const VECTORS = [
  {
    name: "nothing at all",
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    associatedData: "",
    plaintext: "",
    sealed: "530f8afbc74536b9a963b4f1c4cb738b",
  },
  {
    name: "one block",
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    associatedData: "",
    plaintext: "00".repeat(16),
    sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
  },
  {
    name: "several blocks with associated data",
    key: "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308",
    nonce: "cafebabefacedbaddecaf888",
    associatedData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    plaintext:
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
      "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    sealed:
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
      "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b",
  },
];

describe.each(VECTORS)("the published vector of $name", (vector) => {
  const parameters = {
    key: hex(vector.key),
    nonce: hex(vector.nonce),
    associatedData: hex(vector.associatedData),
  };

  test("seals to the published bytes, the tag at the end", () => {
    expect(seal(hex(vector.plaintext), parameters).toString("hex")).toBe(vector.sealed);
  });

  test("opens from the published bytes", () => {
    expect(open(hex(vector.sealed), parameters)?.toString("hex")).toBe(vector.plaintext);
  });
});

describe("an attacker who changes one bit", () => {
  const parameters = {
    key: Buffer.alloc(32, 1),
    nonce: Buffer.alloc(12, 2),
    associatedData: Buffer.from('["2","salon-1","auth_token"]'),
  };
  const sealed = seal(Buffer.from("a token of Twilio's"), parameters);
  const flipped = (bytes: Buffer, bit: number) => {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    return copy;
  };
  const anyBitOf = (bytes: Buffer) => fc.integer({ min: 0, max: bytes.length * 8 - 1 });

  test("of ciphertext or tag gets nothing", () => {
    fc.assert(
      fc.property(anyBitOf(sealed), (bit) => {
        expect(open(flipped(sealed, bit), parameters)).toBeUndefined();
      }),
    );
  });

  test.each(["key", "nonce", "associatedData"] as const)("of the %s gets nothing", (name) => {
    fc.assert(
      fc.property(anyBitOf(parameters[name]), (bit) => {
        const altered = { ...parameters, [name]: flipped(parameters[name], bit) };
        expect(open(sealed, altered)).toBeUndefined();
      }),
    );
  });

  test("cannot shorten the tag", () => {
    for (let length = 0; length < sealed.length; length += 1) {
      expect(open(sealed.subarray(0, length), parameters)).toBeUndefined();
    }
  });
});
