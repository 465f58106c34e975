import type { SalonId } from "#shared/core/ids.ts";
import type { Secret } from "#shared/core/secret.ts";
import type { Vault } from "#shared/vault/vault.ts";
import type { SealedCredentials } from "./route.ts";

export interface OpenedCredentials {
  readonly accountSid: string;
  readonly authToken: Secret;
}

/** Opens a salon's credentials; a warm instance has them in its cache and asks Cloud KMS nothing. */
export async function openCredentials(
  vault: Vault,
  salonId: SalonId,
  { account_sid, auth_token }: SealedCredentials,
): Promise<OpenedCredentials> {
  const [accountSid, authToken] = await Promise.all([
    vault.open({ salonId, kind: "account_sid", envelope: account_sid }),
    vault.open({ salonId, kind: "auth_token", envelope: auth_token }),
  ]);
  return { accountSid: accountSid.reveal(), authToken };
}
