import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 4 + NONCE_BYTES;

/** A symmetric key with versions, as Cloud KMS has it: encrypts with one version, decrypts with whichever was used. */
export interface CryptoKey {
  /** Number of the version that encrypts; versions count from 1. */
  primary(): number;
  has(version: number): boolean;
  /** Adds a version and makes it primary; what older versions encrypted stays readable. */
  rotate(): void;
  encrypt(version: number, plaintext: Buffer, associatedData: Buffer): Buffer;
  /** Undefined when the ciphertext, its version or the associated data are not what was encrypted. */
  decrypt(ciphertext: Buffer, associatedData: Buffer): { plaintext: Buffer; version: number } | undefined;
}

/**
 * AES-256-GCM with random keys that live as long as the process.
 * A ciphertext is: version number (4 bytes), nonce (12), encrypted bytes, tag (16).
 */
export function createCryptoKey(): CryptoKey {
  const versions = [randomBytes(32)];
  return {
    primary: () => versions.length,
    has: (version) => versions[version - 1] !== undefined,
    rotate: () => {
      versions.push(randomBytes(32));
    },
    encrypt: (version, plaintext, associatedData) => {
      const key = versions[version - 1];
      if (key === undefined) throw new RangeError(`The key has no version ${version}.`);
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", key, nonce).setAAD(associatedData);
      const body = Buffer.concat([cipher.update(plaintext), cipher.final()]);
      const header = Buffer.alloc(4);
      header.writeUInt32BE(version);
      return Buffer.concat([header, nonce, body, cipher.getAuthTag()]);
    },
    decrypt: (ciphertext, associatedData) => {
      if (ciphertext.length < HEADER_BYTES + TAG_BYTES) return undefined;
      const version = ciphertext.readUInt32BE(0);
      const key = versions[version - 1];
      if (key === undefined) return undefined;
      const nonce = ciphertext.subarray(4, HEADER_BYTES);
      const decipher = createDecipheriv("aes-256-gcm", key, nonce).setAAD(associatedData);
      decipher.setAuthTag(ciphertext.subarray(-TAG_BYTES));
      try {
        const body = decipher.update(ciphertext.subarray(HEADER_BYTES, -TAG_BYTES));
        return { plaintext: Buffer.concat([body, decipher.final()]), version };
      } catch {
        return undefined; // the tag does not fit
      }
    },
  };
}
