import { AppError } from "#shared/core/errors.ts";

/** Why a webhook was refused, for the log alone. */
export type RefusedFor = "address-not-allowed" | "unsigned" | "forged" | "unknown-salon" | "unreadable";

/** Whatever is wrong with a webhook, its sender is told the same. */
export function refusal(outcome?: RefusedFor, cause?: unknown): AppError {
  const words = "This request is not signed by a Twilio account of this salon.";
  return new AppError("permission-denied", words, { cause, ...(outcome && { context: { outcome } }) });
}

export function isRefusal(error: unknown): boolean {
  return error instanceof AppError && error.code === "permission-denied";
}
