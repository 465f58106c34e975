import { AppError } from "#shared/core/errors.ts";
import type { TwilioAccount } from "#shared/twilio/account.ts";
import type { OurWebhooks } from "#shared/twilio/numbers.ts";

/** Points the number at us and reads it back: what Twilio kept is what counts. */
export async function connectNumber(
  account: TwilioAccount,
  numberSid: string,
  wanted: OurWebhooks,
): Promise<void> {
  await account.configureNumber(numberSid, wanted);
  const kept = await account.findOwnedNumber(numberSid);
  const wrong = Object.entries(wanted).find(
    ([name, url]) => kept === undefined || Reflect.get(kept.webhooks, name) !== url,
  );
  if (wrong !== undefined) {
    throw new AppError("unavailable", `Twilio did not keep the number's ${wrong[0]}.`);
  }
}
