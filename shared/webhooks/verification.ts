import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import { verifySignature } from "#shared/twilio/signature.ts";
import { parseForm } from "#shared/twilio/webhook-parameters.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type WebhookAccount, webhookAccounts } from "./accounts.ts";

export interface VerifiedWebhook {
  readonly salonId: SalonId;
  readonly account: WebhookAccount;
  readonly form: Readonly<Record<string, string>>;
}

export interface VerificationDeps {
  readonly integrations: Integrations;
  readonly vault: Vault;
  readonly urls: WebhookUrls;
}

/** What a kind of webhook demands of the account beside its signature, such as that the number is its own. */
export type Demand = (account: WebhookAccount, form: VerifiedWebhook["form"]) => boolean;

/** Says whose webhook a request is. Whatever is wrong with it, the refusal is the same, so that it teaches nothing. */
export type VerifyWebhook = (
  request: HttpRequest,
  salonId: string,
  demand?: Demand,
) => Promise<VerifiedWebhook>;

export function createVerification({ integrations, vault, urls }: VerificationDeps): VerifyWebhook {
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
    const account = await find(salonId, (candidate) => {
      if (candidate.accountSid !== form.AccountSid) return false;
      const { tokens } = candidate;
      const role = verifySignature({ url, rawBody, contentType, signature, tokens });
      return role !== undefined && demand(candidate, form);
    });
    if (account === undefined) throw refusal();
    return { salonId, account, form };
  };

  /** A cached document may be from before the account, the token or the number was the salon's. */
  async function find(
    salonId: SalonId,
    proves: (account: WebhookAccount) => boolean,
  ): Promise<WebhookAccount | undefined> {
    try {
      for (const fresh of [false, true]) {
        const integration = await integrations.get(salonId, { fresh });
        if (integration === undefined) return undefined;
        const { accounts, unopened } = await webhookAccounts(vault, salonId, integration);
        const account = accounts.find(proves);
        if (account !== undefined) return account;
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
