import { z } from "zod";

const sealed = {
  ciphertext: bytes({ atLeast: 16, atMost: 65_536 }),
  data_key: bytes({ atLeast: 1, atMost: 65_536 }),
  nonce: bytes({ atLeast: 12, atMost: 12 }),
};

/** Version 2: bound to one salon and one kind of credential. `key_name` is the CryptoKey that wrapped the data key. */
export const boundEnvelopeSchema = z.strictObject({
  ...sealed,
  version: z.literal("2"),
  key_name: z.string().regex(/^projects\/[^/]+\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+$/),
});
export type BoundEnvelope = z.infer<typeof boundEnvelopeSchema>;

/** The platform's first format: it names no version and is bound to nothing. */
const unboundEnvelopeSchema = z.strictObject(sealed);

/**
 * A credential as it is stored, a dict of strings: base64 of what AES-256-GCM made, its 16-byte tag at the end of
 * `ciphertext`, and of the data key as Cloud KMS wrapped it.
 */
export const envelopeSchema = z.union([boundEnvelopeSchema, unboundEnvelopeSchema]);
export type Envelope = z.infer<typeof envelopeSchema>;

function bytes({ atLeast, atMost }: { atLeast: number; atMost: number }) {
  return z.base64().refine((text) => {
    const length = Buffer.byteLength(text, "base64");
    return length >= atLeast && length <= atMost;
  }, `must be base64 of ${atLeast} to ${atMost} bytes`);
}
