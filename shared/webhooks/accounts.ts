import type { SalonId } from "#shared/core/ids.ts";
import { withoutChannelPrefix } from "#shared/core/phone.ts";
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

/** Whether what was sent to this address, of a phone or of WhatsApp, reaches the salon through the account. */
export function isReachedAt({ numbers }: WebhookAccount, address = ""): boolean {
  return numbers.includes(withoutChannelPrefix(address));
}

export interface WebhookAccounts {
  readonly accounts: readonly WebhookAccount[];
  /** Why an account could not be opened. The salon's other one is not its hostage. */
  readonly unopened: readonly unknown[];
}

/** The salon's accounts, opened. Each signs with its own token, never with its parent's. */
export async function webhookAccounts(
  vault: Vault,
  salonId: SalonId,
  { platform, twilio }: SalonIntegration,
): Promise<WebhookAccounts> {
  const opened = await Promise.allSettled([
    open(vault, salonId, "platform_subaccount", platform),
    open(vault, salonId, "salon_own", twilio),
  ]);
  return {
    accounts: opened.flatMap((each) => (each.status === "fulfilled" ? each.value : [])),
    unopened: opened.flatMap((each) => (each.status === "rejected" ? [each.reason] : [])),
  };
}

async function open(
  vault: Vault,
  salonId: SalonId,
  owner: WebhookAccount["owner"],
  config: SalonIntegration["platform"] | SalonIntegration["twilio"],
): Promise<WebhookAccount[]> {
  if (config?.account_sid == null || config.auth_token == null) return [];
  const [accountSid, token] = await Promise.all([
    vault.open({ salonId, kind: "account_sid", envelope: config.account_sid }),
    vault.open({ salonId, kind: "auth_token", envelope: config.auth_token }),
  ]);
  const numbers = [config.phone_number, config.whatsapp_number].filter((number) => number !== null);
  return [{ owner, accountSid: accountSid.reveal(), tokens: [{ role: "current", token }], numbers }];
}
