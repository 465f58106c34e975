import { AppError, toAppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Secret } from "#shared/core/secret.ts";
import type { SalonIntegration, TwilioConfig } from "#shared/salons/integration.ts";
import { ownTokens, previousVerifies, sendingTokens } from "#shared/salons/own-tokens.ts";
import type { Twilio, TwilioAccount } from "#shared/twilio/account.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import type { BoundEnvelope, Envelope } from "#shared/vault/envelope.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { asRefusal, refusal } from "./refusals.ts";
import type { Probe } from "./rotation.ts";

export interface OpenedToken {
  readonly accountSid: string;
  readonly authToken: Secret;
}

export async function openToken(
  vault: Vault,
  salonId: SalonId,
  sealed: { readonly account_sid: Envelope; readonly auth_token: Envelope },
): Promise<OpenedToken> {
  const [accountSid, authToken] = await Promise.all([
    vault.open({ salonId, kind: "account_sid", envelope: sealed.account_sid }),
    vault.open({ salonId, kind: "auth_token", envelope: sealed.auth_token }),
  ]);
  return { accountSid: accountSid.reveal(), authToken };
}

export function sealToken(vault: Vault, salonId: SalonId, secret: Secret): Promise<BoundEnvelope> {
  return vault.seal({ salonId, kind: "auth_token", secret });
}

/** The credentials in use; refuses where no own account is connected. */
export function requireConnected({ twilio }: SalonIntegration): {
  account_sid: Envelope;
  auth_token: Envelope;
} {
  const { account_sid, auth_token } = twilio;
  if (account_sid === null || auth_token === null) throw refusal("not_connected");
  return { account_sid, auth_token };
}

/**
 * The salon's own account by whichever of its tokens Twilio takes: in the middle of a rotation that may be either.
 * Throws the refusal of the last one, or of the first that may pass.
 */
export async function workingAccount(
  { vault, twilio: api, now }: { readonly vault: Vault; readonly twilio: Twilio; readonly now: Date },
  salonId: SalonId,
  twilio: TwilioConfig,
  alsoPrevious = false,
): Promise<TwilioAccount> {
  const previous = alsoPrevious ? ownTokens(twilio, now).filter(({ role }) => role === "previous") : [];
  const sealed = [...sendingTokens(twilio), ...previous];
  let refused: unknown = refusal("not_connected");
  let wanted: string | undefined;
  for (const each of sealed) {
    try {
      const { accountSid, authToken } = await openToken(vault, salonId, each);
      wanted ??= accountSid;
      if (accountSid !== wanted) continue;
      const account = api.account({ accountSid, authToken });
      if (sealed.length > 1) await account.fetchAccount();
      return account;
    } catch (error) {
      if (!toAppError(refused).retry) refused = asRefusal(error);
    }
  }
  throw refused;
}

/**
 * What Twilio says to a token, and which token is the account's primary one, if it tells. One that could not be opened is
 * as good as refused.
 */
export async function probe(
  twilio: Twilio,
  token: OpenedToken | undefined,
): Promise<{ readonly says: Probe; readonly primary?: string | undefined; readonly error?: unknown }> {
  if (token === undefined) return { says: "rejected" };
  try {
    const { authToken: primary } = await twilio.account(token).fetchAccount();
    return { says: "authenticates", primary: primary?.reveal() };
  } catch (error) {
    const isRefused = error instanceof TwilioFailure && error.info.certainty === "rejected";
    return { says: isRefused ? "rejected" : "unknown", error };
  }
}

/** What was in use, to compare with; stored credentials that cannot be opened are as good as others. */
export function openedOrOthers(
  vault: Vault,
  salonId: SalonId,
  sealed: { readonly account_sid: Envelope; readonly auth_token: Envelope },
): Promise<OpenedToken | undefined> {
  return openToken(vault, salonId, sealed).catch((error: unknown) => {
    if (error instanceof AppError && !error.retry) return undefined;
    throw error;
  });
}

/** Whether the previous token is `primary`, the one of this account that signs: a pasted secondary one never did. */
export async function isPreviousPrimary(
  { vault, now }: { readonly vault: Vault; readonly now: Date },
  salonId: SalonId,
  stored: TwilioConfig,
  { accountSid, primary }: { readonly accountSid: string; readonly primary: string | undefined },
): Promise<boolean> {
  const { previous } = stored;
  if (previous === null || primary === undefined || !previousVerifies(stored, now)) return false;
  const opened = await openedOrOthers(vault, salonId, previous);
  return opened?.accountSid === accountSid && opened.authToken.reveal() === primary;
}
