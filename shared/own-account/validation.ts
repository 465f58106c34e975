import type { E164 } from "#shared/core/phone.ts";
import type { Secret } from "#shared/core/secret.ts";
import type { Capabilities, TwilioConfig } from "#shared/salons/integration.ts";
import type { Twilio, TwilioAccount } from "#shared/twilio/account.ts";
import type { OwnedNumber } from "#shared/twilio/number-schemas.ts";
import type { Account } from "#shared/twilio/subaccounts.ts";
import { asRefusal, refusal } from "./refusals.ts";

/** What a salon's owner entered about their own Twilio account. */
export interface OwnAccount {
  readonly accountSid: string;
  readonly authToken: Secret;
  readonly phoneNumber: E164;
  readonly whatsappNumber?: E164 | undefined;
  readonly mode: TwilioConfig["mode"];
}

export interface ValidatedAccount {
  readonly phoneNumberSid: string;
  /** `voice` may be missing: such a salon cannot be called. */
  readonly capabilities: Capabilities;
  readonly isTrial: boolean;
}

/** Twilio shares this number between all accounts for trying WhatsApp. Source: https://www.twilio.com/docs/whatsapp/sandbox */
export const SANDBOX_NUMBER = "+14155238886";

/**
 * Proves, by asking Twilio with the salon's own credentials, that the salon can send with what was entered. Throws an
 * AppError whose `context.reason` is one of `REFUSALS`; only `twilio_unavailable` is worth trying again unchanged.
 */
export async function validateOwnAccount(twilio: Twilio, wanted: OwnAccount): Promise<ValidatedAccount> {
  const { accountSid, authToken, phoneNumber, whatsappNumber } = wanted;
  if (!/^AC[0-9a-f]{32}$/i.test(accountSid)) throw refusal("sid_malformed");
  const account = twilio.account({ accountSid, authToken });
  try {
    const { isTrial } = requireUsable(await account.fetchAccount(), wanted);
    const number = requireSms(await account.findOwnedNumber(phoneNumber));
    if (whatsappNumber !== undefined) await requireWhatsApp(account, whatsappNumber, wanted.mode);
    const capabilities = { ...number.capabilities, whatsapp: whatsappNumber !== undefined };
    return { phoneNumberSid: number.sid, capabilities, isTrial };
  } catch (error) {
    throw asRefusal(error);
  }
}

function requireUsable(account: Account, { accountSid, mode }: OwnAccount): Account {
  if (account.sid !== accountSid) throw refusal("sid_of_another_account");
  if (account.status === "closed") throw refusal("account_closed");
  if (account.status !== "active") throw refusal("account_suspended");
  if (account.isTrial && mode === "production") throw refusal("trial_in_production");
  return account;
}

function requireSms(number: OwnedNumber | undefined): OwnedNumber {
  if (number === undefined) throw refusal("number_not_owned");
  if (!number.capabilities.sms) throw refusal("number_lacks_sms");
  return number;
}

async function requireWhatsApp(
  account: TwilioAccount,
  wanted: E164,
  mode: OwnAccount["mode"],
): Promise<void> {
  if (mode === "sandbox" && wanted === SANDBOX_NUMBER) return;
  const sender = (await account.listWhatsAppSenders()).find(({ number }) => number === wanted);
  if (sender === undefined) throw refusal("whatsapp_not_registered");
  if (sender.status.split(":")[0] !== "ONLINE") throw refusal("whatsapp_not_online");
}
