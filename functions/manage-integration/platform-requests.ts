import type { Audit } from "#shared/audit/audit.ts";
import { changedFields } from "#shared/audit/changed-fields.ts";
import { logAuditHead } from "#shared/audit/head-log.ts";
import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { ChangedBy } from "#shared/own-account/own-accounts.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/salons/cached-documents.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";

export interface PlatformRequests {
  /**
   * Asks for messaging through the platform; provision-salon does the rest. Asking again after a set-up has failed
   * starts it again, and asking for what is there already changes nothing.
   */
  request(salonId: SalonId, by: ChangedBy): Promise<void>;
}

interface Deps {
  readonly database: Database;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly logger: Logger;
}

export function createPlatformRequests({ database, audit, clock, logger }: Deps): PlatformRequests {
  return {
    async request(salonId, { actor, origin }) {
      const head = await database.transact(async (transaction, firestore) => {
        const reference = firestore.collection("salon_integrations").doc(salonId);
        const snapshot = await transaction.get(reference);
        const known = snapshot.exists
          ? parseDocument(SalonIntegration, reference.path, snapshot.data())
          : undefined;
        if (known?.requested?.messaging === "platform" && known.platform?.is_active === true)
          return undefined;
        const now = clock.now();
        const by = actor.id ?? actor.kind;
        const asked = {
          requested: { messaging: "platform" as const, by, at: now },
          updated_at: now,
          updated_by: by,
          revision: (known?.revision ?? 0) + 1,
        };
        const defaults = SalonIntegration.parse({ salon_id: salonId, created_at: now, created_by: by });
        const next = { ...(known ?? defaults), ...asked };
        if (known === undefined) transaction.create(reference, next);
        else transaction.merge(reference, asked);
        return audit.append(transaction, {
          salonId,
          action: "platform_enabled",
          actor,
          changes: changedFields(known, next),
          request: origin,
        });
      });
      if (head !== undefined) logAuditHead(logger, head);
    },
  };
}
