import { createCipheriv, randomBytes } from "node:crypto";
import type { Kms } from "#shared/vault/kms.ts";

/** Seals as the spec's Python does: no associated data, neither at Cloud KMS nor in AES-GCM, and no version. */
export async function sealInFirstFormat(kms: Kms, text: string) {
  const [key, nonce] = [randomBytes(32), randomBytes(12)];
  const { wrapped } = await kms.wrap(key, Buffer.alloc(0));
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const ciphertext = Buffer.concat([cipher.update(text, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return {
    ciphertext: ciphertext.toString("base64"),
    data_key: wrapped.toString("base64"),
    nonce: nonce.toString("base64"),
  };
}
