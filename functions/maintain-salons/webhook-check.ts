import type { Clock } from "#shared/core/clock.ts";
import { toAppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { ChangedBy, OwnAccounts } from "#shared/own-account/own-accounts.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createSpacing } from "./spacing.ts";

export interface WebhookDutyDeps {
  readonly database: Database;
  readonly ownAccounts: Pick<OwnAccounts, "repairDrift">;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MAINTENANCE: ChangedBy = { actor: { kind: "service", id: "maintain-salons" }, origin: {} };

/**
 * Looks once a day whether what reaches a salon's own number still reaches us, and mends what has drifted. True when it
 * asked Twilio now. Throws what Twilio answered when that was trouble: what may pass is tried again by the next pass.
 */
export function createWebhookDuty({ database, ownAccounts, clock, logger }: WebhookDutyDeps) {
  const spacing = createSpacing(database, clock, "webhook_checks");

  return async (salonId: SalonId): Promise<boolean> => {
    if (!(await spacing.claim(salonId))) return false;
    try {
      const outcome = await ownAccounts.repairDrift(salonId, MAINTENANCE);
      if (outcome !== "configured") logger.info("webhooks have drifted", { salonId, outcome });
    } catch (error) {
      if (!toAppError(error).retry) await spacing.rest(salonId);
      throw error;
    }
    await spacing.rest(salonId);
    return true;
  };
}
