import { z } from "zod";
import type { SalonId } from "#shared/core/ids.ts";
import { isZone } from "#shared/core/time.ts";
import type { Contact } from "#shared/notifications/channel.ts";
import type { Database } from "#shared/runtime/database.ts";

/** Of the platform's document, what is as it should be: an odd field must not keep a warning from anybody. */
const Known = z.object({
  name: z.string().min(1).nullable().catch(null),
  owner: z.object({ email: z.string().nullable().catch(null) }).catch({ email: null }),
  time_zone: z.string().refine(isZone).catch("Asia/Kolkata"),
});

/** Whom to tell about a salon. A closed one too: that its account was disconnected is news to its owner. */
export function createContacts(database: Database): (salonId: SalonId) => Promise<Contact | undefined> {
  return async (salonId) => {
    const snapshot = await database.run((firestore) => firestore.collection("salons").doc(salonId).get());
    if (!snapshot.exists) return undefined;
    const { name, owner, time_zone } = Known.parse(snapshot.data());
    return { salonName: name ?? salonId, ownerEmail: owner.email, timeZone: time_zone };
  };
}
