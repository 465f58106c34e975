import { FieldPath, type QueryDocumentSnapshot } from "firebase-admin/firestore";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { type AppError, toAppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { OwnAccounts } from "#shared/own-account/own-accounts.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Erasures } from "#shared/salon-data/erasures.ts";
import { type Duty, dutiesOf, FIELDS } from "./duties.ts";
import { createPassStore, nextPass } from "./pass.ts";

export interface MaintenanceDeps {
  readonly database: Database;
  readonly ownAccounts: Pick<OwnAccounts, "purgeExpired" | "resumeRotation">;
  readonly erasures: Pick<Erasures, "due" | "proceed">;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface MaintenanceLimits {
  /** Salons read at once. */
  readonly pageSize: number;
  /** Erasures gone on with in one run. */
  readonly erasures: number;
  /** After this a run stops between two pages, and the next tick goes on. */
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
 * Looks at every salon once an hour: forgets what can no longer be rolled back to, and goes on with rotations whose
 * worker died. Then it goes on with erasures. A run that is repeated changes nothing; one that died, or ran out of time,
 * goes on behind the last page.
 */
export function createMaintenance(
  { database, ownAccounts, erasures, clock, logger }: MaintenanceDeps,
  limits = LIMITS,
): () => Promise<Maintained> {
  const passes = createPassStore(database);
  const acts: Record<Duty, (salonId: SalonId) => Promise<unknown>> = {
    purge_expired: ownAccounts.purgeExpired,
    resume_rotation: ownAccounts.resumeRotation,
  };

  return async () => {
    const until = plusSeconds(clock.now(), limits.budgetSeconds);
    const count = { done: 0, failed: 0 };
    let pass = nextPass(await passes.read(), clock.now());
    while (pass !== undefined) {
      const salons = await pageAfter(pass.after);
      for (const salon of salons) await attend(salon, count);
      const after = salons.at(-1)?.id ?? pass.after;
      const read = { ...pass, after, finished: salons.length < limits.pageSize, updated_at: clock.now() };
      await passes.save(read);
      pass = nextPass(read, clock.now());
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
        await acts[duty](SalonId.parse(salon.id));
        count.done += 1;
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
