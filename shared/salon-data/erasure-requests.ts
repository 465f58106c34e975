import type { Audit } from "#shared/audit/audit.ts";
import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { Database } from "#shared/runtime/database.ts";
import {
  type Changed,
  type ChangedBy,
  createIntegrationChanges,
} from "#shared/salons/integration-changes.ts";
import { type Erasure, newErasure } from "./erasure.ts";
import { createErasureStore } from "./erasure-store.ts";
import { closed } from "./integration-erasure.ts";

export interface ErasureRequestDeps {
  readonly database: Database;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ErasureRequests {
  /**
   * Begins the erasure of a salon's data, and in the same commit switches its messaging off and closes its integration
   * to changes, audited. One that is under way is given as it is. It cannot be called back.
   */
  request(salonId: SalonId, by: ChangedBy): Promise<Erasure>;
  get(salonId: SalonId): Promise<Erasure | undefined>;
}

/** Asks for erasures; `createErasures` does them. */
export function createErasureRequests(deps: ErasureRequestDeps): ErasureRequests {
  const { database, clock } = deps;
  const store = createErasureStore(database, clock);
  const changes = createIntegrationChanges({ ...deps, isErasure: true });

  return {
    async request(salonId, by) {
      const { actor, name = null } = by;
      let changed: Changed | undefined;
      const job = await database.transact(async (transaction) => {
        changed = undefined;
        const known = await store.readWithin(transaction, salonId);
        if (known !== undefined && known.state !== "done") return known;
        const begins = newErasure({ salonId, actor, name }, clock.now());
        changed = await changes.within(transaction, salonId, by, (integration, now) => ({
          action: "suspended",
          fields: closed(integration, actor.id ?? actor.kind, now),
        }));
        store.writeWithin(transaction, begins);
        return begins;
      });
      changes.committed(changed);
      return job;
    },
    get: store.get,
  };
}
