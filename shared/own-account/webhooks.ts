import { AppError } from "#shared/core/errors.ts";
import type { TwilioAccount } from "#shared/twilio/account.ts";
import type { NumberWebhooks } from "#shared/twilio/number-schemas.ts";
import type { OurWebhooks } from "#shared/twilio/numbers.ts";
import { nothingWhen404 } from "#shared/twilio/request.ts";
import { type WebhookProblem, webhookProblems } from "./webhook-problems.ts";

/** Writes down what the number had before anything is changed, so that a crash in between loses nothing. */
export type Remember = (earlier: NumberWebhooks) => Promise<void>;

/**
 * Points one number of a salon's own account at us, and no other, and reads it back: what Twilio kept is what counts.
 * Returns what the number had before, overrides included. When that was ours already (`isOurs`) or ours with drift,
 * the caller keeps what it remembers from the first time. A Messaging Service is left alone, since its settings are
 * those of its other numbers too: `webhookStatus` tells when one stands in the way.
 */
export async function connectOwnNumber(
  account: TwilioAccount,
  numberSid: string,
  wanted: OurWebhooks,
  remember: Remember = async () => {},
): Promise<NumberWebhooks> {
  const before = await account.findOwnedNumber(numberSid);
  if (before === undefined) {
    throw new AppError(
      "failed-precondition",
      "The phone number is no longer in this Twilio account. Choose another one of the account's numbers.",
      { context: { service: "Twilio", field: "phone_number", reason: "number_missing" } },
    );
  }
  await remember(before.webhooks);
  await account.configureNumber(numberSid, wanted);
  const kept = await account.findOwnedNumber(numberSid);
  if (kept === undefined || !isOurs(kept.webhooks, wanted)) {
    throw new AppError("unavailable", "Twilio did not keep the number's new settings; try again.", {
      context: { service: "Twilio" },
    });
  }
  return before.webhooks;
}

/** Whether all that a number reports goes to us, as far as the number itself decides it. */
export function isOurs(webhooks: NumberWebhooks, wanted: OurWebhooks): boolean {
  return webhookProblems({ webhooks, service: undefined }, wanted).length === 0;
}

export interface WebhookStatus {
  readonly status: "configured" | "error";
  readonly reasons: readonly WebhookProblem[];
}

/** Whether what happens on the number reaches us, and if not, what is in the way. Changes nothing. */
export async function webhookStatus(
  account: TwilioAccount,
  numberSid: string,
  wanted: OurWebhooks,
): Promise<WebhookStatus> {
  const [number, service] = await Promise.all([
    account.findOwnedNumber(numberSid),
    account.findServiceOf(numberSid),
  ]);
  const found = number === undefined ? undefined : { webhooks: number.webhooks, service };
  const reasons = webhookProblems(found, wanted);
  return { status: reasons.length === 0 ? "configured" : "error", reasons };
}

/** Puts what is given back, and leaves the rest. Done when the account no longer has the number: there is nothing to restore. */
export async function restoreOwnNumber(
  account: TwilioAccount,
  numberSid: string,
  earlier: Partial<NumberWebhooks>,
): Promise<void> {
  await nothingWhen404(account.restoreNumber(numberSid, earlier));
}
