import { AppError } from "#shared/core/errors.ts";

const SERVICE = "Firebase Auth";
export const AUTH_REMEDY =
  "check FIREBASE_AUTH_EMULATOR_HOST, or the network and the service account's right to read users";

const BAD_TOKEN = [
  "auth/id-token-expired",
  "auth/id-token-revoked",
  "auth/user-disabled",
  "auth/user-not-found",
];

/** One answer to every token we do not accept, so that nobody learns which of its parts was right. */
export function unauthenticated(cause?: unknown): AppError {
  return new AppError(
    "unauthenticated",
    "Sign in first: send a valid ID token as `Authorization: Bearer …`.",
    {
      cause,
    },
  );
}

/** Whose fault a failed verification is: the token's, or Firebase Auth's; anything else stays what it is. */
export function refusalFor(error: unknown): unknown {
  const code = firebaseCode(error);
  if (code === undefined) return error;
  if (BAD_TOKEN.includes(code) || isAboutToken(code, error)) return unauthenticated(error);
  return new AppError("unavailable", `${SERVICE} cannot be asked; ${AUTH_REMEDY}.`, {
    cause: error,
    context: { service: SERVICE },
  });
}

/** The client reports keys that it cannot fetch under the same code as a bad token; only its words differ. */
function isAboutToken(code: string, error: unknown): boolean {
  return code === "auth/argument-error" && error instanceof Error && error.message.includes("ID token");
}

function firebaseCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string") return undefined;
  return /^(auth|app)\//.test(error.code) ? error.code : undefined;
}
