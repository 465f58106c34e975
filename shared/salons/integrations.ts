import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createCachedDocuments, type ReadOptions } from "./cached-documents.ts";
import { SalonIntegration } from "./integration.ts";

/** The integrations as they are read; how they change is in integration-changes.ts. */
export interface Integrations {
  get(salonId: SalonId, options?: ReadOptions): Promise<SalonIntegration | undefined>;
}

export function createIntegrations(database: Database): Integrations {
  return createCachedDocuments(database, "salon_integrations", SalonIntegration);
}
