import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { Secret } from "#shared/core/secret.ts";
import type { PlatformAccount, PlatformAccounts } from "#shared/platform/accounts.ts";
import type { PlatformConfig } from "#shared/salons/integration.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import type { Account } from "#shared/twilio/subaccounts.ts";
import type { Vault } from "#shared/vault/vault.ts";

/** Twilio: this parent has as many subaccounts as it may have. */
const PARENT_IS_FULL = 21480;

/**
 * The salon's subaccount, found by its name (the salon's id) or created, with its credentials sealed. A parent that
 * is full is passed over.
 */
export async function ensureSubaccount(
  parents: PlatformAccounts,
  vault: Vault,
  salonId: SalonId,
  renewLease: () => Promise<void>,
): Promise<PlatformConfig> {
  const { label, subaccount } = await findOrCreate(await parents.list(), salonId, renewLease);
  if (subaccount.authToken === undefined) {
    const message = `Twilio did not tell the subaccount's token; the parent ${label} must be given by its auth token, not an API key.`;
    throw new AppError("failed-precondition", message);
  }
  const [account_sid, auth_token] = await Promise.all([
    vault.seal({ salonId, kind: "account_sid", secret: new Secret(subaccount.sid) }),
    vault.seal({ salonId, kind: "auth_token", secret: subaccount.authToken }),
  ]);
  return {
    parent: label,
    account_sid,
    auth_token,
    phone_number: null,
    phone_number_sid: null,
    whatsapp_number: null,
    capabilities: { voice: false, sms: false, whatsapp: false, mms: false },
    webhook_status: "not_configured",
    is_active: false,
    configured_at: null,
  };
}

async function findOrCreate(
  parents: readonly PlatformAccount[],
  salonId: SalonId,
  renewLease: () => Promise<void>,
): Promise<{ label: string; subaccount: Account }> {
  for (const { label, account } of parents) {
    const found = await account.findSubaccountsByName(salonId);
    const subaccount = found.find(({ status }) => status !== "closed");
    if (subaccount?.status === "active") return { label, subaccount };
    // Somebody has switched it off: another one would only get around that.
    if (subaccount !== undefined) {
      const message = `The salon's Twilio subaccount is not active (${subaccount.status}).`;
      throw new AppError("failed-precondition", message);
    }
  }
  for (const { label, account } of parents) {
    await renewLease();
    try {
      return { label, subaccount: await account.createSubaccount(salonId) };
    } catch (error) {
      if (!(error instanceof TwilioFailure) || error.info.code !== PARENT_IS_FULL) throw error;
    }
  }
  const message = "All of the platform's Twilio accounts are full; add another one to PLATFORM_ACCOUNTS.";
  throw new AppError("failed-precondition", message);
}
