import { plusSeconds } from "#shared/core/clock.ts";
import type { Envelope } from "#shared/vault/envelope.ts";
import type { PreviousCredentials, TwilioConfig } from "./integration.ts";

export type TokenRole = "current" | "next" | "previous";

/** One token of a salon's own account, or of the one it had before, and the numbers that go with it. */
export interface OwnToken {
  readonly role: TokenRole;
  readonly account_sid: Envelope;
  readonly auth_token: Envelope;
  readonly numbers: readonly string[];
}

/** What says how long the previous token verifies; without any credential. */
export interface PreviousTerm {
  readonly previous: Pick<PreviousCredentials, "expires_at" | "same_account"> | null;
  readonly token_signs_since: Date | null;
}

/** How long after its 24 hours an earlier token verifies while the pasted one signs nothing: 90 days in all. */
const UNPROMOTED_SECONDS = 89 * 86_400;
/** What the earlier token signed may still be on its way, or be repeated, when the new one signs for the first time. */
const OVERLAP_SECONDS = 900;

/**
 * Every token that a webhook may be signed with now, the likeliest first. The previous one may belong to another
 * account; after its term it is none any more, whether or not it has been purged.
 */
export function ownTokens(twilio: TwilioConfig, now: Date): OwnToken[] {
  const { previous } = twilio;
  const tokens = storedTokens(twilio);
  if (previous === null || !previousVerifies(twilio, now)) return tokens;
  const { account_sid, auth_token } = previous;
  return [...tokens, { role: "previous", account_sid, auth_token, numbers: numbersOf(previous) }];
}

/** Those to send with, the first choice first: a token that is about to become current counts at once. */
export function sendingTokens(twilio: TwilioConfig): OwnToken[] {
  return storedTokens(twilio).toReversed();
}

/**
 * Whether webhooks may be signed with the previous token: for its 24 hours, and where the current one of the same
 * account may be a secondary token that nobody has promoted, until that one signs, for at most 90 days.
 */
export function previousVerifies({ previous, token_signs_since }: PreviousTerm, now: Date): boolean {
  if (previous === null) return false;
  const { expires_at, same_account } = previous;
  if (now < expires_at) return true;
  if (!same_account) return false;
  return token_signs_since === null
    ? now < plusSeconds(expires_at, UNPROMOTED_SECONDS)
    : now < plusSeconds(token_signs_since, OVERLAP_SECONDS);
}

/** Whether the current token took another's place in the same account and is not known to sign yet. */
export function awaitsPromotion({ previous, token_signs_since }: PreviousTerm): boolean {
  return previous?.same_account === true && token_signs_since === null;
}

/** Whether a rotation waits for Twilio to take one of its two tokens again: it took neither. */
export function isStuck({
  next_auth_token,
  verification_status,
}: Pick<TwilioConfig, "next_auth_token" | "verification_status">): boolean {
  return next_auth_token !== null && verification_status === "failed";
}

/** Whether two are one and the same sealing, as a token keeps it wherever it moves. */
export function isSameEnvelope(left: Envelope | null | undefined, right: Envelope | null): boolean {
  return left?.ciphertext === right?.ciphertext && left?.nonce === right?.nonce;
}

/** Current, then next. */
function storedTokens(twilio: TwilioConfig): OwnToken[] {
  const { account_sid, auth_token, next_auth_token: next } = twilio;
  if (account_sid === null || auth_token === null) return [];
  const numbers = numbersOf(twilio);
  const current: OwnToken = { role: "current", account_sid, auth_token, numbers };
  if (next === null) return [current];
  return [current, { role: "next", account_sid, auth_token: next.auth_token, numbers }];
}

function numbersOf({
  phone_number,
  whatsapp_number,
}: Pick<TwilioConfig, "phone_number" | "whatsapp_number">) {
  return [phone_number, whatsapp_number].filter((number) => number !== null);
}
