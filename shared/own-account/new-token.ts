import type { SalonId } from "#shared/core/ids.ts";
import { Secret } from "#shared/core/secret.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type Changes, changedMeanwhile, requireRevision } from "./changes.ts";
import { type OpenedToken, openToken, probe, requireConnected, sealToken } from "./opened.ts";
import type { ChangedBy, NewToken } from "./own-accounts.ts";
import { asRefusal, refusal } from "./refusals.ts";
import { leaving } from "./rotation.ts";

export interface NewTokensDeps {
  readonly changes: Changes;
  readonly twilio: Twilio;
  readonly vault: Vault;
}

/** Where the token comes from that a rotation takes into use. */
export interface NewTokens {
  /**
   * A secondary token of Twilio's making ends the one before it, which is what is in use where that was pasted and never
   * promoted. The primary one takes its place first, so that at no time what is stored is dead.
   */
  usePrimary(salonId: SalonId, by: ChangedBy): Promise<void>;
  /** The pasted one, or one that Twilio makes now; either is taken by Twilio. */
  newToken(current: OpenedToken, token: NewToken): Promise<Secret>;
}

export function createNewTokens({ changes, twilio, vault }: NewTokensDeps): NewTokens {
  return { usePrimary, newToken };

  async function usePrimary(salonId: SalonId, by: ChangedBy): Promise<void> {
    const known = await changes.read(salonId);
    const { authToken: current, accountSid } = await openToken(vault, salonId, requireConnected(known));
    const { primary } = await probe(twilio, { accountSid, authToken: current });
    if (primary === undefined || primary === current.reveal()) return;
    const auth_token = await sealToken(vault, salonId, new Secret(primary));
    await changes.apply(salonId, by, (stored, now) => {
      requireRevision(stored, known);
      const left = leaving(stored.twilio, { sameAccount: true, signs: true, keepPrevious: false, now });
      return { action: "rotation_started", fields: { twilio: { ...stored.twilio, ...left, auth_token } } };
    });
  }

  async function newToken(current: OpenedToken, token: NewToken): Promise<Secret> {
    const { accountSid } = current;
    try {
      if (token.method === "pasted") {
        if ((token.accountSid ?? accountSid) !== accountSid) throw refusal("sid_of_another_account");
        if (token.authToken.reveal() === current.authToken.reveal()) throw refusal("token_unchanged");
        await requireTaken({ accountSid, authToken: token.authToken });
        return token.authToken;
      }
      const authToken = await twilio.account(current).createSecondaryToken();
      await requireTaken({ accountSid, authToken }).catch((error: unknown) => {
        // Twilio has just made it, so that another one took its place: somebody else rotates as well.
        throw error instanceof TwilioFailure && error.info.certainty === "rejected"
          ? changedMeanwhile()
          : error;
      });
      return authToken;
    } catch (error) {
      throw asRefusal(error);
    }
  }

  async function requireTaken(token: OpenedToken): Promise<void> {
    const { sid, status } = await twilio.account(token).fetchAccount();
    if (sid !== token.accountSid) throw refusal("sid_of_another_account");
    if (status === "closed") throw refusal("account_closed");
    if (status !== "active") throw refusal("account_suspended");
  }
}
