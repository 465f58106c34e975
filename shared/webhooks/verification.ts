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

/** Says whose webhook a request is. Whatever is wrong with it, the refusal is the same, so that it teaches nothing. */
export type VerifyWebhook = (request: HttpRequest, salonId: string) => Promise<VerifiedWebhook>;

export function createVerification({ integrations, vault, urls }: VerificationDeps): VerifyWebhook {
  return async (request, claimedSalonId) => {
    if (request.method !== "POST") {
      throw new AppError("method-not-allowed", "Twilio's webhooks are sent by POST.");
    }
    const salonId = SalonId.safeParse(claimedSalonId).data;
    const form = parseForm(request.rawBody);
    if (salonId === undefined || request.header("x-twilio-signature") === undefined) throw refusal();
    const account = await accountOf(salonId, form.AccountSid ?? "");
    const role =
      account &&
      verifySignature({
        url: urls.requested(`${request.path}${request.rawQuery}`),
        rawBody: request.rawBody,
        contentType: request.header("content-type"),
        signature: request.header("x-twilio-signature"),
        tokens: account.tokens,
      });
    if (account === undefined || role === undefined) throw refusal();
    return { salonId, account, form };
  };

  /** The request names the account, the signature proves it. A cached document may be from before it was the salon's. */
  async function accountOf(salonId: SalonId, accountSid: string): Promise<WebhookAccount | undefined> {
    for (const fresh of [false, true]) {
      const integration = await integrations.get(salonId, { fresh });
      if (integration === undefined) return undefined;
      const accounts = await webhookAccounts(vault, salonId, integration);
      const account = accounts.find((candidate) => candidate.accountSid === accountSid);
      if (account !== undefined) return account;
    }
    return undefined;
  }
}

export function refusal(): AppError {
  return new AppError("permission-denied", "This request is not signed by a Twilio account of this salon.");
}
