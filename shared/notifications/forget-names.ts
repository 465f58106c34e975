import { FieldPath, FieldValue } from "firebase-admin/firestore";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";

const PAGE = 300;

/**
 * Erases by what name or address a salon's owner was told of somebody; who it was stays, by an id. A mail that is still
 * to be sent says the id then. Repeatable.
 */
export async function forgetNames(database: Database, salonId: SalonId): Promise<void> {
  for (let after = ""; ; ) {
    const page = await database.run(async (firestore) => {
      const ofSalon = firestore.collection("notifications").where("salon_id", "==", salonId);
      const ordered = ofSalon.orderBy(FieldPath.documentId()).limit(PAGE);
      const { docs } = await (after === "" ? ordered : ordered.startAfter(after)).get();
      const batch = firestore.batch();
      for (const document of docs) {
        if (document.get("facts.by_name") === undefined) continue;
        batch.update(document.ref, { "facts.by_name": FieldValue.delete() });
      }
      await batch.commit();
      return docs;
    });
    if (page.length < PAGE) return;
    after = page.at(-1)?.id ?? "";
  }
}
