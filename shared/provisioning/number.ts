import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import type { TwilioAccount } from "#shared/twilio/account.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import type { OwnedNumber } from "#shared/twilio/number-schemas.ts";
import type { NumberPool } from "./number-pool.ts";
import type { PlatformAccount } from "./platform-accounts.ts";

export interface NumberSearchPlan {
  readonly country: string;
  readonly purchasesPerHour: number;
}

export interface NumberOwners {
  readonly salonId: SalonId;
  readonly subaccount: TwilioAccount;
  readonly subaccountSid: string;
  readonly parent: PlatformAccount;
}

/** Twilio: somebody else bought it meanwhile. */
const SOLD = 21422;
const OFFERS = 5;

/** The number in the salon's subaccount: there already, moved in from the pool, or bought. */
export async function ensureNumber(
  pool: NumberPool,
  { country, purchasesPerHour }: NumberSearchPlan,
  owners: NumberOwners,
): Promise<OwnedNumber> {
  const [owned] = await owners.subaccount.listOwnedNumbers(1);
  const number = owned ?? (await moveFromPool()) ?? (await buy());
  const phone_number = E164.parse(number.phoneNumber);
  await pool.assign({ sid: number.sid, phone_number, country, parent: owners.parent.label }, owners.salonId);
  return number;

  async function moveFromPool(): Promise<OwnedNumber | undefined> {
    const pooled = await pool.claim(owners.salonId, { country, parent: owners.parent.label });
    return pooled && owners.parent.account.moveNumber(pooled.sid, owners.subaccountSid);
  }

  async function buy(): Promise<OwnedNumber> {
    const search = { country, type: "local", smsEnabled: true, voiceEnabled: true, limit: OFFERS } as const;
    const offers = await owners.subaccount.searchNumbers(search);
    await pool.budgetPurchase(purchasesPerHour);
    for (const { phoneNumber } of offers) {
      try {
        return await owners.subaccount.buyNumber({ phoneNumber, friendlyName: owners.salonId });
      } catch (error) {
        if (!(error instanceof TwilioFailure) || error.info.code !== SOLD) throw error;
      }
    }
    throw new AppError("unavailable", `Twilio offers no number in ${country} now; it is tried again later.`);
  }
}
