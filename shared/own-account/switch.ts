import type { SalonId } from "#shared/core/ids.ts";
import type { SalonIntegration } from "#shared/salons/integration.ts";
import { type Change, type Changes, nameOf } from "./changes.ts";
import { requireConnected } from "./opened.ts";
import type { ChangedBy } from "./own-accounts.ts";

/**
 * Routes through the own account or the platform's subaccount: the own one wins while it is active. Nothing of the other
 * side is touched. Asking for a platform that is not there yet is what provisioning waits for.
 */
export function createSwitch(changes: Changes) {
  return async (salonId: SalonId, which: "own_account" | "platform", by: ChangedBy): Promise<void> => {
    await changes.apply(salonId, by, (known, now) => {
      const own = which === "own_account";
      if (own) requireConnected(known);
      if (isSo(known, which)) return undefined;
      const requested = { messaging: which, by: nameOf(by.actor), at: now };
      const billing_mode = own ? "own_account" : "platform";
      const change: Change = {
        action: "switched",
        fields: { requested, twilio: { ...known.twilio, is_active: own, billing_mode } },
        recompute: "status",
      };
      return change;
    });
  };
}

/** A platform that is asked for and not active may have failed, so that asking again means something. */
function isSo({ requested, twilio, platform }: SalonIntegration, which: "own_account" | "platform"): boolean {
  if (requested?.messaging !== which || twilio.is_active !== (which === "own_account")) return false;
  return which === "own_account" || platform?.is_active === true;
}
