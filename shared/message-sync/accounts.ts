import { accountFingerprint, type SalonId, sha256Hex } from "#shared/core/ids.ts";
import { withoutChannelPrefix } from "#shared/core/phone.ts";
import { withFingerprint } from "#shared/platform/accounts.ts";
import type { DefaultSenders } from "#shared/platform/default-senders.ts";
import {
  type OpenedCredentials,
  openCredentials,
  type SealedCredentials,
} from "#shared/salons/credentials.ts";
import type { SalonIntegration } from "#shared/salons/integration.ts";
import { ownTokens, sendingTokens } from "#shared/salons/own-tokens.ts";
import type { Vault } from "#shared/vault/vault.ts";
import type { SalonOwner } from "./progress.ts";

/** A Twilio account that is read, opened. */
export interface SyncedAccount {
  readonly fingerprint: string;
  readonly billedTo: "platform" | "own_account";
  /** Whether the messages of many salons go through it. */
  readonly isShared: boolean;
  /** Every token that Twilio may take, the likeliest first. */
  readonly credentials: readonly OpenedCredentials[];
  /** The numbers at which customers reach us through it: none while their webhooks lead elsewhere. */
  readonly numbers: readonly string[];
  readonly connectedAt: Date | null;
}

interface StoredAccount extends Omit<SyncedAccount, "fingerprint" | "isShared" | "credentials"> {
  readonly sealed: readonly SealedCredentials[];
}

/** The account as it is stored now; undefined when the salon has none such any more. */
export async function syncedAccount(
  vault: Vault,
  salonId: SalonId,
  integration: SalonIntegration | undefined,
  owner: SalonOwner,
  now: Date,
): Promise<SyncedAccount | undefined> {
  if (integration === undefined) return undefined;
  const { sealed, ...account } = STORED[owner](integration, now);
  if (sealed.length === 0) return undefined;
  const credentials = await Promise.all(sealed.map((each) => openCredentials(vault, salonId, each)));
  const [{ accountSid } = { accountSid: "" }] = credentials;
  return { ...account, fingerprint: accountFingerprint(accountSid), isShared: false, credentials };
}

/** The platform's parent of this fingerprint; undefined when the platform has it no more. */
export async function parentAccount(
  defaultSenders: DefaultSenders,
  fingerprint: string,
): Promise<SyncedAccount | undefined> {
  const parent = withFingerprint(await defaultSenders.list(), fingerprint);
  if (parent === undefined) return undefined;
  const { accountSid, authToken, numbers } = parent;
  const credentials = [{ accountSid, authToken }];
  return { fingerprint, billedTo: "platform", isShared: true, credentials, numbers, connectedAt: null };
}

/** Whether a customer who wrote to this address, of a phone or of WhatsApp, wrote to us. */
export function isReachedAt({ numbers }: SyncedAccount, address: string): boolean {
  return numbers.includes(withoutChannelPrefix(address));
}

/** Names the numbers, without saying them; null for none. */
export function nameOf({ numbers }: SyncedAccount): string | null {
  return numbers.length === 0 ? null : sha256Hex("numbers", ...[...numbers].sort()).slice(0, 32);
}

const STORED: Readonly<Record<SalonOwner, (integration: SalonIntegration, now: Date) => StoredAccount>> = {
  salon_own({ twilio }, now) {
    const previous = ownTokens(twilio, now).filter(({ role }) => role === "previous");
    const spare = twilio.previous?.same_account === true ? previous : [];
    const isOurs = twilio.webhook_status !== "not_configured";
    return {
      billedTo: "own_account",
      sealed: [...sendingTokens(twilio), ...spare],
      numbers: isOurs ? present(twilio.phone_number, twilio.whatsapp_number) : [],
      connectedAt: twilio.configured_at,
    };
  },
  /** Its numbers were given back when it was replaced. */
  salon_previous({ twilio: { previous } }, now) {
    const isKept = previous !== null && !previous.same_account && now < previous.expires_at;
    const sealed = isKept ? [previous] : [];
    return { billedTo: "own_account", sealed, numbers: [], connectedAt: null };
  },
  platform_subaccount({ platform }) {
    const isOurs = platform !== null && platform.webhook_status !== "not_configured";
    return {
      billedTo: "platform",
      sealed: platform === null ? [] : [platform],
      numbers: isOurs ? present(platform.phone_number, platform.whatsapp_number) : [],
      connectedAt: platform?.configured_at ?? null,
    };
  },
};

function present(...numbers: (string | null)[]): string[] {
  return numbers.filter((number) => number !== null);
}
