import { SalonId } from "#shared/core/ids.ts";
import { openCredentials, type SealedCredentials } from "#shared/salons/credentials.ts";
import type { TroubledSource } from "#shared/salons/health.ts";
import type { SalonIntegration, Trouble } from "#shared/salons/integration.ts";
import { sendingTokens } from "#shared/salons/own-tokens.ts";
import type { Twilio, TwilioAccount } from "#shared/twilio/account.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import type { Vault } from "#shared/vault/vault.ts";

/** Asks Twilio, sending nothing, whether an account can do what it could not; no clear answer is a no. */
export type CheckAccount = (
  integration: SalonIntegration,
  source: TroubledSource,
  trouble: Pick<Trouble, "class" | "channel">,
) => Promise<boolean>;

type Channel = NonNullable<Trouble["channel"]>;

interface Senders {
  readonly sms: string | null;
  readonly whatsapp: string | null;
  /** Of the sandbox Twilio tells nothing, so that there is nothing to hold against it. */
  readonly isSandbox: boolean;
}

export function createAccountCheck(deps: { readonly vault: Vault; readonly twilio: Twilio }): CheckAccount {
  return async (integration, source, trouble) => {
    const salonId = SalonId.parse(integration.salon_id);
    const senders = sendersOf(integration, source);
    for (const sealed of sealedOf(integration, source)) {
      const account = deps.twilio.account(await openCredentials(deps.vault, salonId, sealed));
      if (await works(account, senders, trouble)) return true;
    }
    return false;
  };
}

async function works(
  account: TwilioAccount,
  senders: Senders,
  trouble: Pick<Trouble, "class" | "channel">,
): Promise<boolean> {
  try {
    if ((await account.fetchAccount()).status !== "active") return false;
    if (trouble.class !== "sender") return true;
    const channels: readonly Channel[] =
      trouble.channel === null
        ? (["sms", "whatsapp"] as const).filter((channel) => senders[channel] !== null)
        : [trouble.channel];
    const usable = await Promise.all(channels.map((channel) => canSend(account, senders, channel)));
    return usable.every((each) => each);
  } catch (error) {
    if (error instanceof TwilioFailure) return false;
    throw error;
  }
}

async function canSend(account: TwilioAccount, senders: Senders, channel: Channel): Promise<boolean> {
  const number = channel === "whatsapp" ? (senders.whatsapp ?? senders.sms) : senders.sms;
  if (number === null) return false;
  if (channel === "sms") return (await account.findOwnedNumber(number))?.capabilities.sms === true;
  if (senders.isSandbox) return true;
  const sender = (await account.listWhatsAppSenders()).find((each) => each.number === number);
  return sender?.status.split(":")[0] === "ONLINE";
}

function sealedOf({ twilio, platform }: SalonIntegration, source: TroubledSource): SealedCredentials[] {
  if (source === "salon_own") return sendingTokens(twilio);
  return platform === null ? [] : [platform];
}

function sendersOf({ twilio, platform }: SalonIntegration, source: TroubledSource): Senders {
  const numbers = source === "salon_own" ? twilio : platform;
  return {
    sms: numbers?.phone_number ?? null,
    whatsapp: numbers?.whatsapp_number ?? null,
    isSandbox: source === "salon_own" && twilio.mode === "sandbox",
  };
}
