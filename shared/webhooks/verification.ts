import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import type { TokenRole } from "#shared/salons/own-tokens.ts";
import { createNoteSigning } from "#shared/salons/signing-token.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type WebhookAccount, webhookAccounts } from "./accounts.ts";
import type { Admission } from "./admission.ts";
import { createFloodLimit } from "./flood-limit.ts";
import { guardedIntegrations } from "./guarded-integrations.ts";
import { REREADS_PER_SALON } from "./limits.ts";
import { refusal } from "./refusal.ts";

export interface VerifiedWebhook {
  readonly salonId: SalonId;
  readonly account: WebhookAccount;
  /** Which of the account's tokens signed: anything but `current` says that a rotation is under way. */
  readonly tokenRole: TokenRole;
  readonly form: Readonly<Record<string, string>>;
}

type Proof = Pick<VerifiedWebhook, "account" | "tokenRole">;

export interface VerificationDeps {
  readonly database: Database;
  readonly integrations: Integrations;
  readonly vault: Vault;
  readonly admission: Admission;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What a kind of webhook demands of the account beside its signature, such as that the number is its own. */
export type Demand = (account: WebhookAccount, form: VerifiedWebhook["form"]) => boolean;

/** Says whose webhook a request is. Whatever is wrong with it, the refusal is the same, so that it teaches nothing. */
export type VerifyWebhook = (
  request: HttpRequest,
  salonId: string,
  demand?: Demand,
) => Promise<VerifiedWebhook>;

export function createVerification(deps: VerificationDeps): VerifyWebhook {
  const { vault, admission, clock } = deps;
  const integrations = guardedIntegrations(deps.integrations, clock);
  const noteSigning = createNoteSigning(deps);
  const mayReadAgain = createFloodLimit(REREADS_PER_SALON, clock);

  return async (request, claimedSalonId, demand = () => true) => {
    const { form, signedBy } = admission.read(request);
    const salonId = SalonId.safeParse(claimedSalonId).data;
    if (salonId === undefined) throw refusal("unknown-salon");
    const prove = (account: WebhookAccount): Proof | undefined => {
      const tokenRole = signedBy(account);
      return tokenRole !== undefined && demand(account, form) ? { account, tokenRole } : undefined;
    };
    const found = await find(salonId, prove, request.note);
    if (typeof found === "string") throw refusal(found);
    const { account, tokenRole } = found;
    request.note({ source: account.owner, tokenRole, outcome: "accepted" });
    admission.count(salonId, account, form);
    return { salonId, account, tokenRole, form };
  };

  /** A cached document may be from before the account, the token or the number was the salon's: read once again. */
  async function find(
    salonId: SalonId,
    prove: (account: WebhookAccount) => Proof | undefined,
    note: HttpRequest["note"],
  ): Promise<Proof | "forged" | "unknown-salon"> {
    try {
      for (const fresh of [false, true]) {
        if (fresh && !mayReadAgain(salonId)) break;
        const integration = await integrations.get(salonId, { fresh });
        if (integration === undefined) return "unknown-salon";
        // Only now: what stands in the path of nobody's webhook may be anything.
        note({ salonId });
        const { accounts, unopened } = await webhookAccounts(vault, salonId, integration, clock.now());
        for (const account of accounts) {
          const proof = prove(account);
          if (proof === undefined) continue;
          const isOwnCurrent = proof.account.owner === "salon_own" && proof.tokenRole === "current";
          if (isOwnCurrent) await noteSigning(salonId, integration.twilio);
          return proof;
        }
        if (unopened.length > 0) throw unopened[0];
      }
      return "forged";
    } catch (error) {
      // What is stored and cannot be read verifies nothing. The log has the reason, the answer has not.
      throw error instanceof AppError && !error.retry ? refusal("unreadable", error) : error;
    }
  }
}
