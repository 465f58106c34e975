import { createCipheriv, createDecipheriv } from "node:crypto";

const ALGORITHM = "aes-256-gcm";
const TAG = { authTagLength: 16 };

interface Parameters {
  /** 32 bytes. */
  readonly key: Buffer;
  /** 12 bytes, never used twice with one key. */
  readonly nonce: Buffer;
  /** Not hidden, but bound: it must be the same when opening. */
  readonly associatedData: Buffer;
}

/** Encrypts with AES-256-GCM; the result ends with the 16-byte tag. */
export function seal(plaintext: Buffer, { key, nonce, associatedData }: Parameters): Buffer {
  const cipher = createCipheriv(ALGORITHM, key, nonce, TAG).setAAD(associatedData);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** Gives back what was sealed, or `undefined` when any bit of it, of the nonce, key or associated data is another. */
export function open(sealed: Buffer, { key, nonce, associatedData }: Parameters): Buffer | undefined {
  const end = sealed.length - TAG.authTagLength;
  if (end < 0) return undefined;
  try {
    const decipher = createDecipheriv(ALGORITHM, key, nonce, TAG).setAAD(associatedData);
    decipher.setAuthTag(sealed.subarray(end));
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  } catch {
    return undefined;
  }
}
