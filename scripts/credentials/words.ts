import { AppError } from "#shared/core/errors.ts";

/** Our own words, or only the name and code of what is foreign, because a foreign message may quote what was sent. */
export function wordsOf(error: unknown): string {
  if (error instanceof AppError) return error.message;
  const code = error instanceof Error && "code" in error ? ` ${String(error.code)}` : "";
  return `unexpected ${error instanceof Error ? error.name : typeof error}${code}.`;
}
