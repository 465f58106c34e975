import { crc32c } from "@aws-crypto/crc32c";
import { status } from "@grpc/grpc-js";
import { z } from "zod";
import { GrpcRefusal } from "./grpc-server.ts";

const MAX_BYTES = 64 * 1024; // software keys; an HSM key takes 8 KiB of plaintext and associated data together
const KEY_NAME = /^(projects\/([^/]+)\/locations\/[^/]+\/keyRings\/[^/]+\/cryptoKeys\/[^/]+)$/;
const VERSION_NAME = /^(.+)\/cryptoKeyVersions\/(\d+)$/;

const bytes = z.instanceof(Buffer);
const checksum = z.object({ value: z.coerce.number() }).nullish();
const associatedData = { additionalAuthenticatedData: bytes, additionalAuthenticatedDataCrc32c: checksum };
const Encrypt = z.object({
  name: z.string(),
  plaintext: bytes,
  plaintextCrc32c: checksum,
  ...associatedData,
});
const Decrypt = z.object({
  name: z.string(),
  ciphertext: bytes,
  ciphertextCrc32c: checksum,
  ...associatedData,
});
const GetCryptoKey = z.object({ name: z.string() });

/** An Encrypt request whose sizes and checksums are in order; `verified*` tells whether there was a checksum. */
export function parseEncrypt(message: unknown, projectId: string) {
  const request = Encrypt.parse(message);
  const [, keyName = request.name, version] = VERSION_NAME.exec(request.name) ?? [];
  checkKeyName(keyName, projectId);
  const { plaintext, additionalAuthenticatedData: associated } = request;
  return {
    keyName,
    version: version === undefined ? undefined : Number(version),
    plaintext,
    associatedData: associated,
    verifiedPlaintext: verify("plaintext", plaintext, request.plaintextCrc32c),
    verifiedAssociatedData: verifyAssociatedData(request),
  };
}

/** A Decrypt request whose sizes and checksums are in order. */
export function parseDecrypt(message: unknown, projectId: string) {
  const request = Decrypt.parse(message);
  if (VERSION_NAME.test(request.name)) throw invalid("Decrypt takes a CryptoKey's name, not a version's.");
  checkKeyName(request.name, projectId);
  verify("ciphertext", request.ciphertext, request.ciphertextCrc32c, 2 * MAX_BYTES);
  verifyAssociatedData(request);
  const { name: keyName, ciphertext, additionalAuthenticatedData } = request;
  return { keyName, ciphertext, associatedData: additionalAuthenticatedData };
}

/** The key asked for. */
export function parseGetCryptoKey(message: unknown, projectId: string): string {
  const { name } = GetCryptoKey.parse(message);
  checkKeyName(name, projectId);
  return name;
}

export function invalid(message: string): GrpcRefusal {
  return new GrpcRefusal(status.INVALID_ARGUMENT, message);
}

export function notFound(name: string): GrpcRefusal {
  return new GrpcRefusal(status.NOT_FOUND, `${name} not found.`);
}

function checkKeyName(name: string, projectId: string): void {
  const match = KEY_NAME.exec(name);
  if (match === null) throw invalid(`${name} is not the name of a CryptoKey or CryptoKeyVersion.`);
  if (match[2] !== projectId) throw notFound(name);
}

function verifyAssociatedData(request: z.infer<typeof Encrypt> | z.infer<typeof Decrypt>): boolean {
  const { additionalAuthenticatedData: data, additionalAuthenticatedDataCrc32c: sum } = request;
  return verify("additional_authenticated_data", data, sum);
}

/** True when the request brought a checksum and it fits; one that does not fit is refused. */
function verify(field: string, value: Buffer, sum: z.infer<typeof checksum>, maximum = MAX_BYTES): boolean {
  if (value.length > maximum) throw invalid(`${field} has ${value.length} bytes, more than ${maximum}.`);
  if (sum === null || sum === undefined) return false;
  if (sum.value !== crc32c(value)) throw invalid(`The checksum in ${field}_crc32c did not match the data.`);
  return true;
}
