import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import { createCachedDocuments, parseDocument, type ReadOptions } from "./cached-documents.ts";
import { type PlatformConfig, SalonIntegration } from "./integration.ts";

const COLLECTION = "salon_integrations";

/** What a change sets; everything else of the document stays. */
export interface IntegrationChange {
  readonly platform?: PlatformConfig;
  readonly status?: SalonIntegration["status"];
  readonly status_reason?: string | null;
}

export interface Integrations {
  get(salonId: SalonId, options?: ReadOptions): Promise<SalonIntegration | undefined>;
  /** Asks for platform messaging where nothing was ever asked for; an owner's own choice stands. */
  requestPlatform(salonId: SalonId, by: string): Promise<void>;
  /** Writes an outcome, in one transaction with a new revision. */
  change(salonId: SalonId, by: string, change: IntegrationChange): Promise<void>;
  /** The same as a part of another transaction. */
  changeWithin(
    transaction: Transaction,
    salonId: SalonId,
    by: string,
    change: IntegrationChange,
  ): Promise<void>;
}

export function createIntegrations(database: Database, clock: Clock): Integrations {
  const documents = createCachedDocuments(database, COLLECTION, SalonIntegration);
  const reference = (salonId: SalonId) => database.firestore.collection(COLLECTION).doc(salonId);

  const read = async (transaction: Transaction, salonId: SalonId) => {
    const snapshot = await transaction.get(reference(salonId));
    return snapshot.exists ? parseDocument(SalonIntegration, snapshot.ref.path, snapshot.data()) : undefined;
  };

  const changeWithin: Integrations["changeWithin"] = async (transaction, salonId, by, change) => {
    const known = await read(transaction, salonId);
    const stamp = { updated_at: clock.now(), updated_by: by, revision: (known?.revision ?? 0) + 1 };
    transaction.merge(reference(salonId), { salon_id: salonId, ...change, ...stamp });
  };

  return {
    get: documents.get,
    requestPlatform: (salonId, by) =>
      database.transact(async (transaction) => {
        const known = await read(transaction, salonId);
        if (known?.requested != null) return;
        const now = clock.now();
        const asked = { requested: { messaging: "platform", by, at: now }, updated_at: now, updated_by: by };
        if (known === undefined) {
          const defaults = SalonIntegration.parse({ salon_id: salonId, created_at: now, updated_at: now });
          transaction.create(reference(salonId), { ...defaults, ...asked, created_by: by, revision: 1 });
          return;
        }
        transaction.merge(reference(salonId), { ...asked, revision: known.revision + 1 });
      }),
    change: (salonId, by, change) =>
      database.transact((transaction) => changeWithin(transaction, salonId, by, change)),
    changeWithin,
  };
}
