import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createCachedDocuments } from "./cached-documents.ts";
import { Salon } from "./salon.ts";

export interface Salons {
  /** The open salon of this id; anything else is `not-found`, so that a closed one cannot be told from none. */
  open(salonId: SalonId): Promise<Salon>;
}

export function createSalons(database: Database): Salons {
  const documents = createCachedDocuments(database, "salons", Salon);
  return {
    async open(salonId) {
      const salon = await documents.get(salonId);
      if (salon?.status === "open") return salon;
      const context = { field: "salon_id", salonId };
      throw new AppError("not-found", "There is no open salon with this salon_id.", { context });
    },
  };
}
