import { AppError } from "#shared/core/errors.ts";

export const SERVICE = "Cloud KMS";
export const REMEDY =
  "check that Cloud KMS is up and that KMS_KEY_NAME (and KMS_ENDPOINT, if it is set) are right";

const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;

/** What an operator can do, by gRPC status; anything else is an outage. */
const WORDS: Readonly<Record<number, string>> = {
  [NOT_FOUND]: "Cloud KMS does not know the key that KMS_KEY_NAME or CREDENTIALS_UNVERSIONED_KEY_NAME names.",
  7: "Cloud KMS does not let this service account use the key that KMS_KEY_NAME or an older credential names; grant it roles/cloudkms.cryptoKeyEncrypterDecrypter.",
  8: "Cloud KMS's quota is used up; raise it or try later.",
  9: "The key that KMS_KEY_NAME or an older credential names, or the version that was used, is disabled or destroyed.",
  16: "Cloud KMS did not accept this service's Google credentials.",
};

/** Says what went wrong in words an operator can act on. */
export function toKmsError(error: unknown): AppError {
  const words = WORDS[statusOf(error)] ?? `Cloud KMS cannot be reached; ${REMEDY}.`;
  return new AppError("unavailable", words, { cause: error, context: { service: SERVICE } });
}

/** Cloud KMS says INVALID_ARGUMENT when a wrapped key or its associated data are not what it once wrapped. */
export function isNotWrappedHere(error: unknown): boolean {
  return statusOf(error) === INVALID_ARGUMENT;
}

export function isUnknownKey(error: unknown): boolean {
  return statusOf(error) === NOT_FOUND;
}

function statusOf(error: unknown): number {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "number" ? code : -1;
}
