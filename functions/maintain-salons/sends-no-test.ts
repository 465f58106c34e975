import { AppError } from "#shared/core/errors.ts";

/** Own accounts can send a test message; maintenance never does, and so brings no message pipeline along. */
export async function sendsNoTest(): Promise<never> {
  throw new AppError("internal", "Maintenance sends no test messages.");
}
