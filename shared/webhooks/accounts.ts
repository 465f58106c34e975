import type { SalonId } from "#shared/core/ids.ts";
import { withoutChannelPrefix } from "#shared/core/phone.ts";
import type { Secret } from "#shared/core/secret.ts";
import type { PlatformConfig, SalonIntegration } from "#shared/salons/integration.ts";
import { type OwnToken, ownTokens, type TokenRole } from "#shared/salons/own-tokens.ts";
import type { Vault } from "#shared/vault/vault.ts";

/** A Twilio account of a salon's, or a parent of the platform's, as webhooks are checked against it. */
export interface WebhookAccount {
  readonly owner: "salon_own" | "platform_subaccount" | "platform_default";
  readonly accountSid: string;
  /** What may have signed, the likeliest first. */
  readonly tokens: readonly { readonly role: TokenRole; readonly token: Secret }[];
  /** The numbers that reach the salon through this account. */
  readonly numbers: readonly string[];
}

/** Whether what was sent to this address, of a phone or of WhatsApp, reaches the salon through the account. */
export function isReachedAt({ numbers }: WebhookAccount, address = ""): boolean {
  return numbers.includes(withoutChannelPrefix(address));
}

export interface WebhookAccounts {
  readonly accounts: readonly WebhookAccount[];
  /** Why a token could not be opened. The salon's others are not its hostage. */
  readonly unopened: readonly unknown[];
}

interface StoredToken extends OwnToken {
  readonly owner: WebhookAccount["owner"];
}

/** The salon's accounts, opened. Each signs with its own tokens, never with its parent's. */
export async function webhookAccounts(
  vault: Vault,
  salonId: SalonId,
  { platform, twilio }: SalonIntegration,
  now: Date,
): Promise<WebhookAccounts> {
  const stored = [
    ...(platform === null ? [] : [ofSubaccount(platform)]),
    ...ownTokens(twilio, now).map((token): StoredToken => ({ ...token, owner: "salon_own" })),
  ];
  const opened = await Promise.allSettled(stored.map((token) => open(vault, salonId, token)));
  return {
    accounts: opened.reduce<WebhookAccount[]>(
      (accounts, each) => (each.status === "fulfilled" ? joined(accounts, each.value) : accounts),
      [],
    ),
    unopened: opened.flatMap((each) => (each.status === "rejected" ? [each.reason] : [])),
  };
}

function ofSubaccount({
  account_sid,
  auth_token,
  phone_number,
  whatsapp_number,
}: PlatformConfig): StoredToken {
  const numbers = [phone_number, whatsapp_number].filter((number) => number !== null);
  return { owner: "platform_subaccount", role: "current", account_sid, auth_token, numbers };
}

async function open(
  vault: Vault,
  salonId: SalonId,
  { owner, role, account_sid, auth_token, numbers }: StoredToken,
): Promise<WebhookAccount> {
  const [accountSid, token] = await Promise.all([
    vault.open({ salonId, kind: "account_sid", envelope: account_sid }),
    vault.open({ salonId, kind: "auth_token", envelope: auth_token }),
  ]);
  return { owner, accountSid: accountSid.reveal(), tokens: [{ role, token }], numbers };
}

/** Tokens of one account belong together; a previous one of another account makes an account of its own. */
function joined(accounts: readonly WebhookAccount[], found: WebhookAccount): WebhookAccount[] {
  const at = accounts.findIndex(
    ({ owner, accountSid }) => owner === found.owner && accountSid === found.accountSid,
  );
  const known = accounts[at];
  if (known === undefined) return [...accounts, found];
  const numbers = [...new Set([...known.numbers, ...found.numbers])];
  return accounts.with(at, { ...known, tokens: [...known.tokens, ...found.tokens], numbers });
}
