import { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { refusal } from "./refusals.ts";
import { type OwnAccount, SANDBOX_NUMBER } from "./validation.ts";

export interface FreeNumbersDeps {
  readonly database: Database;
  readonly salons: Pick<Salons, "isOpen">;
}

/** Refuses a number that another open salon has connected: each would point it at itself again, day by day. */
export type RequireFreeNumbers = (
  salonId: SalonId,
  numbers: Pick<OwnAccount, "phoneNumber" | "whatsappNumber">,
) => Promise<void>;

export function createFreeNumbers({ database, salons }: FreeNumbersDeps): RequireFreeNumbers {
  return async (salonId, { phoneNumber, whatsappNumber }) => {
    if (await isTaken(salonId, "phone_number", phoneNumber)) throw refusal("number_in_use");
    if (whatsappNumber === undefined || whatsappNumber === SANDBOX_NUMBER) return;
    if (await isTaken(salonId, "whatsapp_number", whatsappNumber)) throw refusal("whatsapp_in_use");
  };

  async function isTaken(salonId: SalonId, field: "phone_number" | "whatsapp_number", number: string) {
    const found = await database.run((firestore) =>
      firestore.collection("salon_integrations").where(`twilio.${field}`, "==", number).select().get(),
    );
    const others = found.docs.map(({ id }) => SalonId.parse(id)).filter((id) => id !== salonId);
    return (await Promise.all(others.map(salons.isOpen))).includes(true);
  }
}
