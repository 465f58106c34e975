import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { type Database, isStale } from "#shared/runtime/database.ts";
import { outboundTopic, type Publisher } from "#shared/runtime/publisher.ts";
import type { HoldReason } from "./message.ts";

export interface HeldMessages {
  /**
   * Makes a salon's messages due that waited for this, and wakes `deliver-message`; gives how many. Those of a campaign
   * keep their places.
   */
  release(salonId: SalonId, reason: HoldReason): Promise<number>;
}

/** More wait for their own `due_at`. */
const RELEASE_LIMIT = 200;

export function createHeldMessages(database: Database, publisher: Publisher, clock: Clock): HeldMessages {
  return {
    async release(salonId, reason) {
      const held = await database.run((firestore) =>
        firestore
          .collection("messages")
          .where("salon_id", "==", salonId)
          .where("hold_reason", "==", reason)
          .where("paced", "==", false)
          .limit(RELEASE_LIMIT)
          .get(),
      );
      await Promise.all(
        held.docs.map(async (document) => {
          const { ref, id, updateTime: lastUpdateTime } = document;
          try {
            await database.run(() => ref.update({ due_at: clock.now() }, { lastUpdateTime }));
          } catch (error) {
            // Whoever changed it meanwhile has seen to it.
            if (!isStale(error)) throw error;
          }
          await publisher.publish(outboundTopic(document.get("critical") === true), id, { message_id: id });
        }),
      );
      return held.size;
    },
  };
}
