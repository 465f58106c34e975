import { crc32c } from "@aws-crypto/crc32c";
import { KeyManagementServiceClient } from "@google-cloud/kms/build/src/v1/key_management_service_client.js";
import { credentials } from "@grpc/grpc-js";
import { withDeadline } from "#shared/core/deadline.ts";
import { AppError } from "#shared/core/errors.ts";
import { isNotWrappedHere, isUnknownKey, REMEDY, SERVICE, toKmsError } from "./kms-errors.ts";

/** Wraps data keys. Both methods throw `unavailable` when Cloud KMS gives no good answer in time. */
export interface Kms {
  wrap(plaintext: Buffer, aad: Buffer): Promise<{ wrapped: Buffer; keyName: string }>;
  /**
   * Throws failed-precondition when `wrapped` or `aad` are not what was wrapped with that key, which is the one that
   * wraps unless another of its key ring is named, or when there is no such other key.
   */
  unwrap(wrapped: Buffer, aad: Buffer, keyName?: string): Promise<Unwrapped>;
}

export interface Unwrapped {
  /** The caller's alone, to be cleared after use. */
  readonly key: Buffer;
  /** Whether wrapping it today would use the same CryptoKey in the same version. */
  readonly current: boolean;
}

export interface KmsSettings {
  /** The CryptoKey that wraps: projects/P/locations/L/keyRings/R/cryptoKeys/K. */
  readonly keyName: string;
  /** host:port of a local KMS server, without TLS and therefore on loopback only. */
  readonly endpoint?: string | undefined;
  /** For one wrap or unwrap, repetition and sign-in included, in milliseconds. */
  readonly timeoutMs?: number | undefined;
}

/** Cloud KMS, with checksums verified both ways. Source: https://cloud.google.com/kms/docs/data-integrity-guidelines */
export function createKms({ keyName, endpoint, timeoutMs = 2000 }: KmsSettings): Kms {
  const client = new KeyManagementServiceClient(endpoint === undefined ? {} : loopbackOptions(endpoint));
  const keyRing = keyRingOf(keyName);

  async function wrapOnce(plaintext: Buffer, aad: Buffer): Promise<Buffer | undefined> {
    const request = {
      name: keyName,
      plaintext,
      plaintextCrc32c: { value: crc32c(plaintext) },
      additionalAuthenticatedData: aad,
      additionalAuthenticatedDataCrc32c: { value: crc32c(aad) },
    };
    const [answer] = await client.encrypt(request, { timeout: timeoutMs });
    const arrived = answer.verifiedPlaintextCrc32c && answer.verifiedAdditionalAuthenticatedDataCrc32c;
    return arrived ? intact(answer.ciphertext, answer.ciphertextCrc32c) : undefined;
  }

  async function unwrapOnce(name: string, wrapped: Buffer, aad: Buffer): Promise<Unwrapped | undefined> {
    const request = {
      name,
      ciphertext: wrapped,
      ciphertextCrc32c: { value: crc32c(wrapped) },
      additionalAuthenticatedData: aad,
      additionalAuthenticatedDataCrc32c: { value: crc32c(aad) },
    };
    const [answer] = await client.decrypt(request, { timeout: timeoutMs }).catch((error: unknown) => {
      if (isNotWrappedHere(error)) throw refusal("was altered or belongs to another salon", error);
      // Only the key that is configured can be named wrongly by an operator; any other is what the document says.
      if (name !== keyName && isUnknownKey(error)) throw refusal("names a key that does not exist", error);
      throw error;
    });
    const key = intact(answer.plaintext, answer.plaintextCrc32c);
    return key && { key, current: name === keyName && answer.usedPrimary === true };
  }

  const inTime = <T>(ask: () => Promise<T | undefined>) =>
    withDeadline(SERVICE, REMEDY, timeoutMs, twiceIfDamaged(ask)).catch((error: unknown) => {
      throw error instanceof AppError ? error : toKmsError(error);
    });

  return {
    wrap: async (plaintext, aad) => ({ wrapped: await inTime(() => wrapOnce(plaintext, aad)), keyName }),
    unwrap: async (wrapped, aad, name = keyName) => {
      // Whoever can write documents must not make us accept data keys that were wrapped with a key of theirs.
      if (keyRingOf(name) !== keyRing) throw refusal("was sealed with a key outside our key ring");
      return inTime(() => unwrapOnce(name, wrapped, aad));
    },
  };
}

function refusal(why: string, cause?: unknown): AppError {
  return new AppError("failed-precondition", `The credential ${why}.`, {
    cause,
    context: { service: SERVICE },
  });
}

interface Checksum {
  readonly value?: unknown;
}

/** The bytes of an answer when they fit their CRC-32C, which comes as a string, a number or a Long. */
function intact(bytes: Uint8Array | string | null | undefined, sum: Checksum | null | undefined) {
  const received = typeof bytes === "string" ? Buffer.from(bytes, "base64") : Buffer.from(bytes ?? []);
  return Number(sum?.value) === crc32c(received) ? received : undefined;
}

async function twiceIfDamaged<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const answer = (await ask()) ?? (await ask());
  if (answer !== undefined) return answer;
  throw new AppError("unavailable", "Cloud KMS's answers arrive damaged; try again.", {
    context: { service: SERVICE },
  });
}

function keyRingOf(keyName: string): string {
  return keyName.split("/cryptoKeys/")[0] ?? "";
}

function loopbackOptions(endpoint: string) {
  const [, apiEndpoint, port] = /^(localhost|127\.0\.0\.1|\[::1\]):(\d{1,5})$/.exec(endpoint) ?? [];
  if (apiEndpoint === undefined) {
    throw new AppError(
      "failed-precondition",
      "KMS_ENDPOINT may only name a server on this machine, such as 127.0.0.1:9010, because it is reached without TLS.",
      { context: { service: SERVICE, field: "KMS_ENDPOINT" } },
    );
  }
  return {
    apiEndpoint,
    port: Number(port),
    sslCreds: credentials.createInsecure(),
    // Stated, so that the client does not ask Google's metadata server for it.
    clientOptions: { universeDomain: "googleapis.com" },
  };
}
