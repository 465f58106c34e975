import { toAppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { TwilioConfig } from "#shared/salons/integration.ts";
import { type Changes, codeOf, nameOf, requireRevision, whoChanged } from "./changes.ts";
import type { Connection } from "./connection.ts";
import type { ChangedBy } from "./own-accounts.ts";

export interface DisconnectDeps {
  readonly changes: Changes;
  readonly connection: Connection;
  readonly logger: Logger;
}

/**
 * Done where nothing is connected. Refuses while what may pass keeps Twilio from being put back as it was; where Twilio
 * refuses that for good, the code of why is given, and stands in the audit.
 */
export function createDisconnect({ changes, connection, logger }: DisconnectDeps) {
  return async (salonId: SalonId, by: ChangedBy): Promise<string | null> => {
    const known = await changes.read(salonId);
    const { twilio: before } = known;
    if (before.account_sid === null && before.auth_token === null && before.previous === null) return null;
    const error = await connection.restore(salonId, before).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    if (error !== undefined) logger.warn("webhooks not restored on disconnect", { salonId, error });
    await changes.note(salonId, by, "webhooks_restored", error);
    if (error !== undefined && toAppError(error).retry) throw error;
    await changes.apply(salonId, by, (stored, now) => {
      requireRevision(stored, known);
      const { usage, last_used_at } = stored.twilio;
      const isOnPlatform = stored.platform?.is_active === true;
      return {
        action: "disconnected",
        fields: {
          twilio: { ...TwilioConfig.parse({}), usage, last_used_at },
          ...(isOnPlatform
            ? { requested: { messaging: "platform", by: nameOf(by.actor), at: now } as const }
            : {}),
        },
        recompute: "rotation",
        notice: {
          kind: "integration_disconnected",
          facts: { ...whoChanged(by), at: now, ...(error === undefined ? {} : { webhooks_left: true }) },
        },
      };
    });
    return error === undefined ? null : codeOf(error);
  };
}
