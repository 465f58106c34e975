import { AppError } from "#shared/core/errors.ts";
import type { TwilioAccount } from "#shared/twilio/account.ts";
import { nothingWhen404 } from "#shared/twilio/request.ts";
import type { SenderWebhooks } from "#shared/twilio/whatsapp-senders.ts";
import type { OurSenderWebhooks } from "./webhook-problems.ts";

/** Writes down what the sender had before anything is changed, so that a crash in between loses nothing. */
export type RememberSender = (earlier: SenderWebhooks) => Promise<void>;

/**
 * Points one WhatsApp sender of a salon's own account at us. Twilio takes that in at once and may put it in force later,
 * which `senderProblems` tells. Returns what the sender had before; when that was ours already, the caller keeps what it
 * remembers from the first time.
 */
export async function connectOwnSender(
  account: TwilioAccount,
  senderSid: string,
  wanted: OurSenderWebhooks,
  remember: RememberSender = async () => {},
): Promise<SenderWebhooks> {
  const before = await account.findWhatsAppSender(senderSid);
  if (before === undefined) {
    throw new AppError(
      "failed-precondition",
      "The WhatsApp number is no longer registered in this Twilio account.",
      { context: { service: "Twilio", field: "whatsapp_number", reason: "sender_missing" } },
    );
  }
  await remember(before.webhooks);
  await account.configureWhatsAppSender(senderSid, {
    callbackUrl: wanted.callbackUrl,
    callbackMethod: "POST",
    fallbackUrl: "",
    fallbackMethod: "POST",
    statusCallbackUrl: wanted.statusCallbackUrl,
    statusCallbackMethod: "POST",
  });
  return before.webhooks;
}

/** Puts everything back as it was. Done when the sender is gone. */
export async function restoreOwnSender(
  account: TwilioAccount,
  senderSid: string,
  earlier: SenderWebhooks,
): Promise<void> {
  await nothingWhen404(account.configureWhatsAppSender(senderSid, earlier));
}
