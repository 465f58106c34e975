import type { SalonId } from "#shared/core/ids.ts";
import type { Secret } from "#shared/core/secret.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import type { Envelope } from "#shared/vault/envelope.ts";
import type { Vault } from "#shared/vault/vault.ts";
import type { SalonIntegration } from "./integration.ts";
import { ownTokens, sendingTokens } from "./own-tokens.ts";

/** A salon's Twilio account as it is stored. */
export interface SealedCredentials {
  readonly account_sid: Envelope;
  readonly auth_token: Envelope;
}

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

/** Whether Twilio refused the token itself, so that nothing was done and another token may do. */
export function isCredentialFailure(error: unknown): boolean {
  return (
    error instanceof TwilioFailure && error.info.certainty === "rejected" && error.info.class === "credential"
  );
}

/** All accounts a salon's messages and calls may have gone through, with every token that Twilio may still take for them. */
export function sealedCredentialsOf(
  integration: SalonIntegration | undefined,
  now: Date,
): SealedCredentials[] {
  if (integration === undefined) return [];
  const { twilio, platform } = integration;
  const previous = ownTokens(twilio, now).filter(({ role }) => role === "previous");
  const own = [...sendingTokens(twilio), ...previous];
  return platform === null ? own : [...own, platform];
}
