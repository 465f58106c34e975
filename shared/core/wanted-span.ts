import { plusSeconds } from "./clock.ts";
import { AppError } from "./errors.ts";

/** When its sender wants something to go, as asked for. */
export interface AskedSpan {
  /** Not before this; at most 90 days from now. */
  readonly sendAt?: Date | undefined;
  /** From then on nobody wants it any more: 7 days after it may go at most. */
  readonly expiresAt?: Date | undefined;
}

export interface WantedSpan {
  /** Null for now. */
  readonly sendAt: Date | null;
  readonly expiresAt: Date;
}

const MAX_AHEAD_SECONDS = 90 * 24 * 3_600;
const MAX_WANTED_SECONDS = 7 * 24 * 3_600;
/** A day after it may go nobody wants a thing any more, unless its sender says otherwise. */
export const WANTED_SECONDS = 24 * 3_600;

/**
 * When something is to go, and until when it is wanted: a day from the first moment at which it may go (`mayGo`), unless
 * its sender says otherwise. Refuses, with the field's name, what could never go.
 */
export function wantedSpan(
  { sendAt, expiresAt }: AskedSpan,
  { now, mayGo }: { readonly now: Date; readonly mayGo: (at: Date) => Date },
): WantedSpan {
  if (sendAt !== undefined && sendAt > plusSeconds(now, MAX_AHEAD_SECONDS))
    throw invalid("send_at", "send_at must be within the next 90 days.");
  const from = sendAt === undefined || sendAt <= now ? now : sendAt;
  if (expiresAt !== undefined && (expiresAt <= from || expiresAt > plusSeconds(from, MAX_WANTED_SECONDS)))
    throw invalid("expires_at", "expires_at must be after send_at, and at most 7 days later.");
  const first = mayGo(from);
  if (expiresAt !== undefined && expiresAt <= first) {
    const hours = "the salon's hours let it go only after that; send a later expires_at, or a timing";
    throw invalid("expires_at", `expires_at: ${hours}.`);
  }
  return { sendAt: from === now ? null : from, expiresAt: expiresAt ?? plusSeconds(first, WANTED_SECONDS) };
}

function invalid(field: "send_at" | "expires_at", message: string): AppError {
  return new AppError("invalid-argument", message, { context: { field } });
}
