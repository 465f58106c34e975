import type { DocumentReference, Firestore } from "firebase-admin/firestore";
import type { SalonId } from "#shared/core/ids.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import type { Health, PlatformConfig, SalonIntegration, TwilioConfig } from "./integration.ts";

/** How long a message or call waits for an account to be well again when nobody says so. */
export const TROUBLE_WAIT_SECONDS = 900;

/** Whose account can be in trouble. */
export type TroubledSource = keyof Health;

/** `incidents/{salonId}_{source}`: the last trouble of an account; one that is over makes room for the next. */
export function incidentReference(
  firestore: Firestore,
  salonId: SalonId,
  source: TroubledSource,
): DocumentReference {
  return firestore.collection("incidents").doc(`${salonId}_${source}`);
}

/** Whether the salon's messages go through this account now. */
export function isInUse({ twilio, platform }: SalonIntegration, source: TroubledSource): boolean {
  if (source === "salon_own") return twilio.is_active;
  return !twilio.is_active && platform?.is_active === true;
}

/**
 * The health after a change: forgotten when the salon switches between its accounts, and of an account that is another
 * one now or has just been verified.
 */
export function healthAfter(
  known: SalonIntegration,
  {
    twilio = known.twilio,
    platform = known.platform,
  }: Partial<Pick<SalonIntegration, "twilio" | "platform">>,
): Health {
  const { salon_own, platform_subaccount } = known.health;
  const isSwitched = known.twilio.is_active !== twilio.is_active;
  return {
    salon_own: isSwitched || isVerifiedAnew(known.twilio, twilio) ? null : salon_own,
    platform_subaccount: isSwitched || isReplaced(known.platform, platform) ? null : platform_subaccount,
  };
}

/** Has the probe look at once at an account whose trouble is forgotten: messages may wait for its end. */
export async function wakeProbes(
  transaction: Transaction,
  firestore: Firestore,
  { health }: SalonIntegration,
  { salonId, forgotten, now }: { readonly salonId: SalonId; readonly forgotten: Health; readonly now: Date },
): Promise<void> {
  for (const source of ["salon_own", "platform_subaccount"] as const) {
    if (health[source] === null || forgotten[source] !== null) continue;
    const reference = incidentReference(firestore, salonId, source);
    const incident = await transaction.get(reference);
    if (incident.get("state") === "open") transaction.merge(reference, { due_at: now });
  }
}

/** Credentials that are saved, swapped in or rolled back to have just been verified with Twilio. */
function isVerifiedAnew(before: TwilioConfig, after: TwilioConfig): boolean {
  return before.verified_at?.getTime() !== after.verified_at?.getTime();
}

function isReplaced(before: PlatformConfig | null, after: PlatformConfig | null): boolean {
  if (before === null || after === null) return before !== after;
  return (
    before.is_active !== after.is_active ||
    before.account_sid.ciphertext !== after.account_sid.ciphertext ||
    before.auth_token.ciphertext !== after.auth_token.ciphertext ||
    before.phone_number !== after.phone_number ||
    before.whatsapp_number !== after.whatsapp_number
  );
}
