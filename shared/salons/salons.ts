import { z } from "zod";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createCachedDocuments } from "./cached-documents.ts";
import { noSuchSalon } from "./no-such-salon.ts";
import { Salon } from "./salon.ts";
import { underErasure } from "./under-erasure.ts";

export interface Salons {
  /** The open salon of this id; anything else is `not-found`, so that a closed one cannot be told from none. */
  open(salonId: SalonId): Promise<Salon>;
  /** Whether it is open now, whatever was known a moment ago. */
  isOpen(salonId: SalonId): Promise<boolean>;
  /** The same for a message that is to be stored: `conflict` while the salon's data is being erased. */
  openForMessages(salonId: SalonId): Promise<Salon>;
  /** The salon, open or closed; undefined when there is none. */
  find(salonId: SalonId): Promise<Salon | undefined>;
}

/** Of the integration, what is asked before a message is stored; the rest of it may be in any state. */
const Erasing = z.object({ erasing: z.boolean().default(false) });

export function createSalons(database: Database): Salons {
  const documents = createCachedDocuments(database, "salons", Salon);
  const integrations = createCachedDocuments(database, "salon_integrations", Erasing);

  const open: Salons["open"] = async (salonId) => {
    const salon = await documents.get(salonId);
    if (salon?.status === "open") return salon;
    throw noSuchSalon(salonId);
  };

  return {
    open,
    find: documents.get,
    isOpen: async (salonId) => (await documents.get(salonId, { fresh: true }))?.status === "open",
    async openForMessages(salonId) {
      const [salon, integration] = await Promise.all([open(salonId), integrations.get(salonId)]);
      if (integration?.erasing === true) throw underErasure(salonId);
      return salon;
    },
  };
}
