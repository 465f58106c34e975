import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import type { TokenRole } from "#shared/salons/own-tokens.ts";
import { verifySignature } from "#shared/twilio/signature.ts";
import { parseForm } from "#shared/twilio/webhook-parameters.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type WebhookAccount, webhookAccounts } from "./accounts.ts";

export interface VerifiedWebhook {
  readonly salonId: SalonId;
  readonly account: WebhookAccount;
  /** Which of the account's tokens signed: anything but `current` says that a rotation is under way. */
  readonly tokenRole: TokenRole;
  readonly form: Readonly<Record<string, string>>;
}

type Proof = Pick<VerifiedWebhook, "account" | "tokenRole">;

export interface VerificationDeps {
  readonly integrations: Integrations;
  readonly vault: Vault;
  readonly urls: WebhookUrls;
  readonly clock: Clock;
}

/** What a kind of webhook demands of the account beside its signature, such as that the number is its own. */
export type Demand = (account: WebhookAccount, form: VerifiedWebhook["form"]) => boolean;

/** Says whose webhook a request is. Whatever is wrong with it, the refusal is the same, so that it teaches nothing. */
export type VerifyWebhook = (
  request: HttpRequest,
  salonId: string,
  demand?: Demand,
) => Promise<VerifiedWebhook>;

export function createVerification({ integrations, vault, urls, clock }: VerificationDeps): VerifyWebhook {
  return async (request, claimedSalonId, demand = () => true) => {
    if (request.method !== "POST") {
      throw new AppError("method-not-allowed", "Twilio's webhooks are sent by POST.");
    }
    const salonId = SalonId.safeParse(claimedSalonId).data;
    const form = parseForm(request.rawBody);
    const signature = request.header("x-twilio-signature");
    if (salonId === undefined || signature === undefined) throw refusal();
    const { rawBody } = request;
    const url = urls.requested(`${request.path}${request.rawQuery}`);
    const contentType = request.header("content-type");
    const found = await find(salonId, (account) => {
      if (account.accountSid !== form.AccountSid) return undefined;
      const { tokens } = account;
      const tokenRole = verifySignature({ url, rawBody, contentType, signature, tokens });
      return tokenRole !== undefined && demand(account, form) ? { account, tokenRole } : undefined;
    });
    if (found === undefined) throw refusal();
    return { salonId, ...found, form };
  };

  /** A cached document may be from before the account, the token or the number was the salon's: read once again. */
  async function find(
    salonId: SalonId,
    prove: (account: WebhookAccount) => Proof | undefined,
  ): Promise<Proof | undefined> {
    try {
      for (const fresh of [false, true]) {
        const integration = await integrations.get(salonId, { fresh });
        if (integration === undefined) return undefined;
        const { accounts, unopened } = await webhookAccounts(vault, salonId, integration, clock.now());
        for (const account of accounts) {
          const proof = prove(account);
          if (proof !== undefined) return proof;
        }
        if (unopened.length > 0) throw unopened[0];
      }
      return undefined;
    } catch (error) {
      // What is stored and cannot be read verifies nothing. The log has the reason, the answer has not.
      throw error instanceof AppError && !error.retry ? refusal(error) : error;
    }
  }
}

export function refusal(cause?: unknown): AppError {
  const words = "This request is not signed by a Twilio account of this salon.";
  return new AppError("permission-denied", words, { cause });
}
