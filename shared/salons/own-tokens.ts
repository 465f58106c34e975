import type { Envelope } from "#shared/vault/envelope.ts";
import type { TwilioConfig } from "./integration.ts";

export type TokenRole = "current" | "next" | "previous";

/** One token of a salon's own account, or of the one it had before, and the numbers that go with it. */
export interface OwnToken {
  readonly role: TokenRole;
  readonly account_sid: Envelope;
  readonly auth_token: Envelope;
  readonly numbers: readonly string[];
}

/**
 * Every token that a webhook may be signed with now, the likeliest first. The previous one may belong to another
 * account; after its 24 hours it is none any more, whether or not it has been purged.
 */
export function ownTokens(twilio: TwilioConfig, now: Date): OwnToken[] {
  const { previous } = twilio;
  const tokens = storedTokens(twilio);
  if (previous === null || previous.expires_at <= now) return tokens;
  const { account_sid, auth_token } = previous;
  return [...tokens, { role: "previous", account_sid, auth_token, numbers: numbersOf(previous) }];
}

/** Those to send with, the first choice first: a token that is about to become current counts at once. */
export function sendingTokens(twilio: TwilioConfig): OwnToken[] {
  return storedTokens(twilio).toReversed();
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
