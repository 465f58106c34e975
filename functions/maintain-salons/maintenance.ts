import { FieldPath, type QueryDocumentSnapshot } from "firebase-admin/firestore";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { type AppError, toAppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { OwnAccounts } from "#shared/own-account/own-accounts.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createPassStore, nextPass } from "#shared/runtime/pass.ts";
import type { Erasures } from "#shared/salon-data/erasures.ts";
import { isUnderErasure } from "#shared/salons/under-erasure.ts";
import { type Duty, dutiesOf, FIELDS } from "./duties.ts";

export interface MaintenanceDeps {
  readonly database: Database;
  readonly ownAccounts: Pick<OwnAccounts, "purgeExpired" | "resumeRotation">;
  /** Those that ask Twilio; false where that was not due. */
  readonly checkWebhooks: (salonId: SalonId) => Promise<boolean>;
  readonly syncTemplates: (salonId: SalonId) => Promise<boolean>;
  readonly erasures: Pick<Erasures, "due" | "proceed">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface MaintenanceLimits {
  /** Salons read at once. */
  readonly pageSize: number;
  /** Erasures gone on with in one run. */
  readonly erasures: number;
  /** After this a run stops between two salons, and the next tick goes on. */
  readonly budgetSeconds: number;
}

export interface Maintained {
  readonly done: number;
  readonly failed: number;
  readonly erasures: number;
  readonly finished: boolean;
}

const LIMITS: MaintenanceLimits = { pageSize: 200, erasures: 20, budgetSeconds: 240 };

/**
 * Looks at every salon once an hour: forgets what can no longer be rolled back to, goes on with rotations whose worker
 * died, and once a day mends webhooks and brings templates up to date. Then it goes on with erasures. A run that is
 * repeated changes nothing; one that ran out of time goes on behind the last salon, one that died behind the last page.
 */
export function createMaintenance(
  { database, ownAccounts, checkWebhooks, syncTemplates, erasures, clock, logger }: MaintenanceDeps,
  limits = LIMITS,
): () => Promise<Maintained> {
  const passes = createPassStore(database, "maintenance/salons");
  const acts: Record<Duty, (salonId: SalonId) => Promise<boolean>> = {
    purge_expired: ownAccounts.purgeExpired,
    resume_rotation: async (salonId) => {
      await ownAccounts.resumeRotation(salonId);
      return true;
    },
    check_webhooks: checkWebhooks,
    sync_templates: syncTemplates,
  };

  return async () => {
    const until = plusSeconds(clock.now(), limits.budgetSeconds);
    const count = { done: 0, failed: 0 };
    let pass = nextPass(await passes.read(), hourOf(clock.now()), clock.now());
    while (pass !== undefined) {
      const salons = await pageAfter(pass.after);
      let { after } = pass;
      for (const salon of salons) {
        await attend(salon, count);
        after = salon.id;
        if (clock.now() >= until) break;
      }
      const isRead = after === (salons.at(-1)?.id ?? pass.after);
      const finished = isRead && salons.length < limits.pageSize;
      const read = { ...pass, after, finished, updated_at: clock.now() };
      await passes.save(read);
      pass = nextPass(read, hourOf(clock.now()), clock.now());
      if (pass !== undefined && clock.now() >= until) break;
    }
    const erased = await erase(until);
    if (count.done + count.failed + erased > 0) {
      logger.info("salons maintained", { count: count.done + erased });
    }
    return { ...count, erasures: erased, finished: pass === undefined };
  };

  async function pageAfter(after: string | null): Promise<QueryDocumentSnapshot[]> {
    const page = await database.run((firestore) => {
      const ordered = firestore
        .collection("salon_integrations")
        .orderBy(FieldPath.documentId())
        .select(...FIELDS)
        .limit(limits.pageSize);
      return (after === null ? ordered : ordered.startAfter(after)).get();
    });
    return page.docs;
  }

  /** One salon's trouble keeps no other from its turn; while Firestore is away the run stops instead. */
  async function attend(
    salon: QueryDocumentSnapshot,
    count: { done: number; failed: number },
  ): Promise<void> {
    const fail = (error: AppError, step?: Duty) => {
      if (isDatabaseAway(error)) throw error;
      // The erasure still needs the credentials, and ends with every one of them.
      if (isUnderErasure(error)) return;
      count.failed += 1;
      const where = step === undefined ? {} : { step };
      logger.error("salon not maintained", { salonId: salon.id, ...where, error });
    };
    let duties: Duty[] = [];
    try {
      duties = dutiesOf(salon.data(), clock.now());
    } catch (thrown) {
      fail(toAppError(thrown));
    }
    for (const duty of duties) {
      try {
        if (await acts[duty](SalonId.parse(salon.id))) count.done += 1;
      } catch (thrown) {
        fail(toAppError(thrown), duty);
      }
    }
  }

  async function erase(until: Date): Promise<number> {
    let count = 0;
    for (const salonId of await erasures.due(limits.erasures)) {
      if (clock.now() >= until) break;
      try {
        if ((await erasures.proceed(salonId)) !== undefined) count += 1;
      } catch (thrown) {
        const error = toAppError(thrown);
        if (isDatabaseAway(error)) throw error;
        logger.error("erasure not gone on with", { salonId, error });
      }
    }
    return count;
  }
}

function isDatabaseAway({ code, context }: AppError): boolean {
  return code === "unavailable" && context.service === "Firestore";
}

/** YYYY-MM-DDTHH in GMT. */
function hourOf(instant: Date): string {
  return instant.toISOString().slice(0, 13);
}
