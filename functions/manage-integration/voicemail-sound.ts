import type { Voicemails } from "#shared/calls/voicemails.ts";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { accountFingerprint, type SalonId } from "#shared/core/ids.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { webhookAccounts } from "#shared/webhooks/accounts.ts";

interface Deps {
  readonly voicemails: Pick<Voicemails, "accountOf">;
  readonly integrations: Pick<Integrations, "get">;
  readonly vault: Vault;
  readonly twilio: Pick<Twilio, "account">;
  readonly clock: Clock;
}

/** A message that a caller left, as MP3 and as it comes from Twilio; not-found when the salon has no such one. */
export type ListenTo = (salonId: SalonId, recordingSid: string) => AsyncGenerator<Uint8Array, void, void>;

export function createListenTo({ voicemails, integrations, vault, twilio, clock }: Deps): ListenTo {
  return async function* listenTo(salonId, recordingSid) {
    const fingerprint = await voicemails.accountOf(salonId, recordingSid);
    if (fingerprint === undefined) throw noSuchVoicemail();
    for (const client of await clientsOf(salonId, fingerprint)) {
      try {
        yield* client.playRecording(recordingSid);
        return;
      } catch (error) {
        const status = error instanceof TwilioFailure ? error.info.httpStatus : undefined;
        if (status === 404) throw noSuchVoicemail();
        if (status !== 401) throw error;
      }
    }
    throw new AppError(
      "failed-precondition",
      "Its Twilio account is no longer open to us; listen to it there.",
    );
  };

  /** With every token of the account that may be good, the likeliest first. */
  async function clientsOf(salonId: SalonId, fingerprint: string) {
    const integration = await integrations.get(salonId);
    if (integration === undefined) return [];
    const { accounts, unopened } = await webhookAccounts(vault, salonId, integration, clock.now());
    if (accounts.length === 0 && unopened.length > 0) throw unopened[0];
    return accounts
      .filter(({ accountSid }) => accountFingerprint(accountSid) === fingerprint)
      .flatMap(({ accountSid, tokens }) =>
        tokens.map(({ token }) => twilio.account({ accountSid, authToken: token })),
      );
  }
}

function noSuchVoicemail(): AppError {
  return new AppError("not-found", "The salon has no such voicemail.");
}
