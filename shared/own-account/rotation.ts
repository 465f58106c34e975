import { plusSeconds } from "#shared/core/clock.ts";
import type { NextToken, PreviousCredentials, TwilioConfig } from "#shared/salons/integration.ts";
import type { Envelope } from "#shared/vault/envelope.ts";
import type { RefusalReason } from "./refusals.ts";

/** How long earlier credentials can be brought back, and are taken from webhooks. */
export const ROLLBACK_SECONDS = 86_400;

/** What Twilio says to a token; `unknown` when it did not say. */
export type Probe = "authenticates" | "rejected" | "unknown";

export interface Probed {
  readonly origin: NextToken["origin"];
  readonly current: Probe;
  readonly next: Probe;
  /** Whether the next token is the account's primary one, as far as Twilio tells. */
  readonly nextSigns: boolean;
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
  if (origin === "pasted" || nextSigns || current === "rejected") return "swap";
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

/** The next token becomes current. `keepPrevious`: that one still signs, and what is current never did. */
export function swapped(
  twilio: TwilioConfig,
  authToken: Envelope,
  { keepPrevious, now }: { readonly keepPrevious: boolean; readonly now: Date },
): TwilioConfig {
  const kept = keepPrevious && twilio.previous !== null ? renewed(twilio.previous, now) : undefined;
  return {
    ...twilio,
    auth_token: authToken,
    next_auth_token: null,
    previous: kept ?? previousOf(twilio, now),
    rotated_at: now,
  };
}

/** What is current as it is kept for a rollback; null where there is nothing. */
export function previousOf(twilio: TwilioConfig, now: Date): PreviousCredentials | null {
  const { account_sid, auth_token, phone_number, whatsapp_number } = twilio;
  if (account_sid === null || auth_token === null) return null;
  return renewed({ account_sid, auth_token, phone_number, whatsapp_number }, now);
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
    previous: previousOf(twilio, now),
    rotated_at: null,
  };
}

function renewed(
  credentials: Omit<PreviousCredentials, "rotated_at" | "expires_at">,
  now: Date,
): PreviousCredentials {
  return { ...credentials, rotated_at: now, expires_at: plusSeconds(now, ROLLBACK_SECONDS) };
}
