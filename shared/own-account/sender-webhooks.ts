import { AppError } from "#shared/core/errors.ts";
import type { TwilioAccount } from "#shared/twilio/account.ts";
import { nothingWhen404 } from "#shared/twilio/request.ts";
import type { SenderWebhooks } from "#shared/twilio/whatsapp-senders.ts";

/** Our webhooks on a WhatsApp sender; Twilio posts to both. */
export interface OurSenderWebhooks {
  readonly callbackUrl: string;
  /** Empty text for none: messages carry their own. */
  readonly statusCallbackUrl: string;
}

/** Writes down what the sender had before anything is changed, so that a crash in between loses nothing. */
export type RememberSender = (earlier: SenderWebhooks) => Promise<void>;

/**
 * Points one WhatsApp sender of a salon's own account at us. Twilio takes that in at once and may put it in force later:
 * `senderWebhookStatus` tells. Returns what the sender had before; when that was ours already, the caller keeps what
 * it remembers from the first time.
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

export type SenderProblem = "not_set" | "url_mismatch" | "wrong_method" | "sender_missing";

export interface SenderWebhookStatus {
  readonly status: "configured" | "error";
  readonly reasons: readonly SenderProblem[];
}

/** Whether what is written to the sender reaches us. Changes nothing. */
export async function senderWebhookStatus(
  account: TwilioAccount,
  senderSid: string,
  wanted: OurSenderWebhooks,
): Promise<SenderWebhookStatus> {
  const sender = await account.findWhatsAppSender(senderSid);
  const reasons = senderProblems(sender?.webhooks, wanted);
  return { status: reasons.length === 0 ? "configured" : "error", reasons };
}

/** Puts everything back as it was. Done when the sender is gone. */
export async function restoreOwnSender(
  account: TwilioAccount,
  senderSid: string,
  earlier: SenderWebhooks,
): Promise<void> {
  await nothingWhen404(account.configureWhatsAppSender(senderSid, earlier));
}

function senderProblems(has: SenderWebhooks | undefined, wanted: OurSenderWebhooks): SenderProblem[] {
  if (has === undefined) return ["sender_missing"];
  const problems: (SenderProblem | false)[] = [
    address(has.callbackUrl, wanted.callbackUrl),
    has.callbackMethod !== "POST" && "wrong_method",
    address(has.statusCallbackUrl, wanted.statusCallbackUrl),
    wanted.statusCallbackUrl !== "" && has.statusCallbackMethod !== "POST" && "wrong_method",
  ];
  return [...new Set(problems)].filter((problem) => problem !== false);
}

function address(has: string, wanted: string): SenderProblem | false {
  if (has === wanted) return false;
  return has === "" ? "not_set" : "url_mismatch";
}
