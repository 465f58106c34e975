import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import type { PlatformAccount } from "#shared/platform/accounts.ts";
import type { TwilioAccount } from "#shared/twilio/account.ts";
import { TwilioFailure } from "#shared/twilio/errors.ts";
import type { OwnedNumber } from "#shared/twilio/number-schemas.ts";
import type { NumberPool } from "./number-pool.ts";

export interface NumberSearchPlan {
  readonly country: string;
  readonly purchasesPerHour: number;
}

export interface NumberOwners {
  readonly salonId: SalonId;
  readonly subaccount: TwilioAccount;
  readonly subaccountSid: string;
  readonly parent: PlatformAccount;
  /** SID of the number that the salon is known to have; null when it has none yet. */
  readonly knownSid: string | null;
}

/** Twilio: somebody else bought it meanwhile. */
const SOLD = 21422;
const OFFERS = 5;

/** The number in the salon's subaccount: there already, moved in from the pool, or bought. */
export async function ensureNumber(
  pool: NumberPool,
  { country, purchasesPerHour }: NumberSearchPlan,
  owners: NumberOwners,
  renewLease: () => Promise<void>,
): Promise<OwnedNumber> {
  const number = (await owned()) ?? (await moveFromPool()) ?? (await buy());
  const phone_number = E164.parse(number.phoneNumber);
  await pool.assign({ sid: number.sid, phone_number, country, parent: owners.parent.label }, owners.salonId);
  return number;

  /** The salon's customers know its number, so any other one in the subaccount comes second. */
  async function owned(): Promise<OwnedNumber | undefined> {
    const { subaccount, knownSid } = owners;
    const known = knownSid === null ? undefined : await subaccount.findOwnedNumber(knownSid);
    return known ?? (await subaccount.listOwnedNumbers(1))[0];
  }

  async function moveFromPool(): Promise<OwnedNumber | undefined> {
    for (;;) {
      const pooled = await pool.claim(owners.salonId, { country, parent: owners.parent.label });
      if (pooled === undefined) return undefined;
      try {
        return await owners.parent.account.moveNumber(pooled.sid, owners.subaccountSid);
      } catch (error) {
        if (!(error instanceof TwilioFailure) || error.info.httpStatus !== 404) throw error;
        // Not at the parent: either moved already by a worker we overlap with, or in our books only.
        await renewLease();
        await pool.strikeOff(pooled.sid);
      }
    }
  }

  async function buy(): Promise<OwnedNumber> {
    const search = { country, type: "local", smsEnabled: true, voiceEnabled: true, limit: OFFERS } as const;
    const offers = await owners.subaccount.searchNumbers(search);
    if (offers.length > 0) await pool.budgetPurchase(purchasesPerHour);
    for (const { phoneNumber } of offers) {
      await renewLease();
      try {
        return await owners.subaccount.buyNumber({ phoneNumber, friendlyName: owners.salonId });
      } catch (error) {
        if (!(error instanceof TwilioFailure) || error.info.code !== SOLD) throw error;
      }
    }
    throw new AppError("unavailable", `Twilio has no number in ${country} for sale now.`);
  }
}
