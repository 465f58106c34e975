import { FieldPath, type QueryDocumentSnapshot } from "firebase-admin/firestore";
import { z } from "zod";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { toAppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { utcDay } from "#shared/core/time.ts";
import { createNotification } from "#shared/notifications/create-notification.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createPassStore, nextPass } from "#shared/runtime/pass.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import { Rotation, TwilioConfig } from "#shared/salons/integration.ts";
import { Salon } from "#shared/salons/salon.ts";
import { promotionReminder } from "./promotion.ts";
import { isSameRotation, rotationReminder } from "./rotation.ts";

export interface ReminderDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface ReminderLimits {
  /** Salons read at once. */
  readonly pageSize: number;
  /** After this a run stops between two pages, and the next tick goes on. */
  readonly budgetSeconds: number;
}

const LIMITS: ReminderLimits = { pageSize: 200, budgetSeconds: 240 };

const Reminded = z.object({
  twilio: TwilioConfig.pick({
    auth_token: true,
    configured_at: true,
    rotated_at: true,
    previous: true,
    token_signs_since: true,
  }).prefault({}),
  rotation: Rotation.nullable().default(null),
});
const OpenSalon = Salon.pick({ status: true });

/**
 * Looks at every salon once a day: when its own account's credentials reach 75, 85 and 90 days, its banner changes and
 * its owner is told, both in one transaction and once; likewise of a token that waits for its promotion. A run that is
 * repeated changes nothing; one that died, or ran out of time, goes on behind the last page.
 */
export function createReminders(
  { database, clock, logger }: ReminderDeps,
  { pageSize, budgetSeconds } = LIMITS,
): () => Promise<{ reminded: number; finished: boolean }> {
  const passes = createPassStore(database, "reminders/rotation");
  const integrations = database.firestore.collection("salon_integrations");

  return async () => {
    const until = plusSeconds(clock.now(), budgetSeconds);
    const day = utcDay(clock.now());
    let pass = nextPass(await passes.read(), day, clock.now());
    let reminded = 0;
    while (pass !== undefined) {
      const salons = await pageAfter(pass.after);
      for (const salon of salons) reminded += (await remindSafely(salon)) ? 1 : 0;
      const after = salons.at(-1)?.id ?? pass.after;
      const read = { ...pass, after, finished: salons.length < pageSize, updated_at: clock.now() };
      await passes.save(read);
      pass = nextPass(read, day, clock.now());
      if (pass !== undefined && clock.now() >= until) break;
    }
    if (reminded > 0) logger.info("credential reminders written", { count: reminded });
    return { reminded, finished: pass === undefined };
  };

  async function pageAfter(after: string | null): Promise<QueryDocumentSnapshot[]> {
    const ordered = integrations.orderBy(FieldPath.documentId()).select("twilio", "rotation").limit(pageSize);
    const page = await database.run(() => (after === null ? ordered : ordered.startAfter(after)).get());
    return page.docs;
  }

  /** One salon's odd document keeps no other from being reminded; while Firestore is away the run stops instead. */
  async function remindSafely(salon: QueryDocumentSnapshot): Promise<boolean> {
    try {
      const { rotation, reminder, promotion } = judged(salon.id, salon.data());
      const isDue = promotion !== undefined || !isSameRotation(rotation, reminder?.rotation ?? null);
      return isDue && (await remind(SalonId.parse(salon.id)));
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.code === "unavailable") throw error;
      logger.error("salon not reminded", { salonId: salon.id, error });
      return false;
    }
  }

  /** Gives whether the owner is told of another threshold. */
  function remind(salonId: SalonId): Promise<boolean> {
    return database.transact(async (transaction, firestore) => {
      const [integration, salon] = await transaction.getAll(
        integrations.doc(salonId),
        firestore.collection("salons").doc(salonId),
      );
      if (!integration?.exists || OpenSalon.safeParse(salon?.data()).data?.status !== "open") return false;
      const { rotation, reminder, promotion } = judged(salonId, integration.data());
      if (promotion !== undefined) {
        const { key, reason } = promotion;
        const facts = { reason, at: clock.now() };
        const notice = { kind: "attention_needed", facts } as const;
        await createNotification(transaction, firestore, { ...notice, salonId, key, now: clock.now() });
      }
      if (isSameRotation(rotation, reminder?.rotation ?? null)) return false;
      // Nobody's change, so without audit entry and revision: it follows from the calendar and from changes that have theirs.
      transaction.merge(integration.ref, { rotation: reminder?.rotation ?? null });
      if (reminder?.threshold === undefined) return false;
      const { threshold } = reminder;
      const { last_rotated_at, due_at } = reminder.rotation;
      await createNotification(transaction, firestore, {
        salonId,
        kind: "rotation_due",
        key: `${threshold}:${last_rotated_at.toISOString()}`,
        facts: { threshold_days: threshold, last_rotated_at, due_at },
        now: clock.now(),
      });
      return true;
    });
  }

  function judged(salonId: string, data: unknown) {
    const { twilio, rotation } = parseDocument(Reminded, `salon_integrations/${salonId}`, data);
    const now = clock.now();
    return {
      rotation,
      reminder: rotationReminder(twilio, now),
      promotion: promotionReminder(twilio, now),
    };
  }
}
