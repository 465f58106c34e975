import { plusSeconds } from "#shared/core/clock.ts";
import type { NextToken, PreviousCredentials, TwilioConfig } from "#shared/salons/integration.ts";
import type { Envelope } from "#shared/vault/envelope.ts";
import type { RefusalReason } from "./refusals.ts";

/** How long earlier credentials can be brought back. */
export const ROLLBACK_SECONDS = 86_400;

/** What Twilio says to a token; `unknown` when it did not say. */
export type Probe = "authenticates" | "rejected" | "unknown";

export interface Probed {
  readonly origin: NextToken["origin"];
  readonly current: Probe;
  readonly next: Probe;
  /** Whether the next token is the account's primary one; `undefined` where Twilio does not tell. */
  readonly nextSigns: boolean | undefined;
}

export type RotationStep =
  | "promote"
  | "swap"
  | "drop"
  /** Neither token is taken, as of a suspended account: one of them may still be the right one, so both stay. */
  | "stuck"
  /** Twilio does not answer; nothing can be decided. */
  | "wait";

/** How a rotation goes on from wherever it stopped: what the two tokens are good for says what has been done. */
export function nextStep({ origin, current, next, nextSigns }: Probed): RotationStep {
  if (next === "unknown") return "wait";
  if (next === "rejected") {
    if (current === "authenticates") return "drop";
    return current === "rejected" ? "stuck" : "wait";
  }
  if (origin === "pasted" || nextSigns === true) return "swap";
  // The current one died of our secondary when it was a secondary itself, pasted and never promoted: another one signs.
  if (current === "rejected") return nextSigns === false ? "promote" : "swap";
  return current === "authenticates" ? "promote" : "wait";
}

/** The account with a token that senders use at once and verifiers take, but that is not current yet. */
export function withNext(
  twilio: TwilioConfig,
  authToken: Envelope,
  origin: NextToken["origin"],
  now: Date,
): TwilioConfig {
  return { ...twilio, next_auth_token: { auth_token: authToken, origin, stored_at: now } };
}

/** What is known of a token that takes the current one's place. */
export interface Replacement {
  readonly sameAccount: boolean;
  /** Whether it surely is the account's primary token. */
  readonly signs: boolean;
  /** The previous one still signs, and what is current never did. */
  readonly keepPrevious: boolean;
  readonly now: Date;
}

/** The next token becomes current. */
export function swapped(
  twilio: TwilioConfig,
  authToken: Envelope,
  { now, ...replacement }: Omit<Replacement, "sameAccount">,
): TwilioConfig {
  return {
    ...twilio,
    ...leaving(twilio, { ...replacement, sameAccount: true, now }),
    auth_token: authToken,
    next_auth_token: null,
    rotated_at: now,
  };
}

/** What stays of the credentials in use when others take their place: for a rollback, and for what they signed. */
export function leaving(
  twilio: TwilioConfig,
  { sameAccount, signs, keepPrevious, now }: Replacement,
): Pick<TwilioConfig, "previous" | "token_signs_since"> {
  const kept = (keepPrevious ? twilio.previous : null) ?? inUse(twilio);
  return {
    previous: kept === null ? null : renewed(kept, sameAccount, now),
    token_signs_since: signs ? now : null,
  };
}

/** Why the previous credentials cannot be put back, before Twilio is asked. */
export function rollbackRefusal({ previous }: TwilioConfig, now: Date): RefusalReason | undefined {
  if (previous === null) return "nothing_to_roll_back";
  return previous.expires_at <= now ? "rollback_expired" : undefined;
}

/**
 * Current and previous change places, so that what is in flight is still taken, and the step can be taken back. How
 * old the restored credentials are nobody has written down: at most since the account was connected.
 */
export function rolledBack(twilio: TwilioConfig, previous: PreviousCredentials, now: Date): TwilioConfig {
  const { account_sid, auth_token, phone_number, whatsapp_number } = previous;
  return {
    ...twilio,
    account_sid,
    auth_token,
    phone_number,
    whatsapp_number,
    next_auth_token: null,
    ...leaving(twilio, { sameAccount: previous.same_account, signs: false, keepPrevious: false, now }),
    rotated_at: null,
  };
}

type Credentials = Omit<PreviousCredentials, "rotated_at" | "expires_at" | "same_account">;

function inUse({ account_sid, auth_token, phone_number, whatsapp_number }: TwilioConfig): Credentials | null {
  if (account_sid === null || auth_token === null) return null;
  return { account_sid, auth_token, phone_number, whatsapp_number };
}

function renewed(credentials: Credentials, sameAccount: boolean, now: Date): PreviousCredentials {
  const expires_at = plusSeconds(now, ROLLBACK_SECONDS);
  return { ...credentials, rotated_at: now, expires_at, same_account: sameAccount };
}
