import type { SalonId } from "#shared/core/ids.ts";
import type { Secret } from "#shared/core/secret.ts";
import type { SalonIntegration } from "#shared/salons/integration.ts";
import type { Vault } from "#shared/vault/vault.ts";

/** One of a salon's Twilio accounts, as webhooks are checked against it. */
export interface WebhookAccount {
  readonly owner: "salon_own" | "platform_subaccount";
  readonly accountSid: string;
  /** What may have signed, the likeliest first. */
  readonly tokens: readonly { readonly role: "current"; readonly token: Secret }[];
  /** The numbers that reach the salon through this account. */
  readonly numbers: readonly string[];
}

/** The salon's accounts, opened. Each signs with its own token, never with its parent's. */
export async function webhookAccounts(
  vault: Vault,
  salonId: SalonId,
  integration: SalonIntegration,
): Promise<WebhookAccount[]> {
  const configs = [
    { owner: "platform_subaccount", config: integration.platform },
    { owner: "salon_own", config: integration.twilio },
  ] as const;
  const accounts = await Promise.all(
    configs.map(async ({ owner, config }) => {
      if (config?.account_sid == null || config.auth_token == null) return [];
      const [accountSid, token] = await Promise.all([
        vault.open({ salonId, kind: "account_sid", envelope: config.account_sid }),
        vault.open({ salonId, kind: "auth_token", envelope: config.auth_token }),
      ]);
      const numbers = [config.phone_number, config.whatsapp_number].filter((number) => number !== null);
      return [
        { owner, accountSid: accountSid.reveal(), tokens: [{ role: "current", token } as const], numbers },
      ];
    }),
  );
  return accounts.flat();
}
