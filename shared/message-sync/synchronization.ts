import type { Threads } from "#shared/contacts/threads.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { type AppError, toAppError } from "#shared/core/errors.ts";
import { createMend, type MendDeps } from "./mend.ts";
import { createMendCalls, type MendCallsDeps } from "./mend-calls.ts";
import { createOwnersOf } from "./owners-of.ts";
import { type Counts, NOTHING, plus } from "./progress.ts";
import { createProgressStore } from "./progress-store.ts";
import { createReadAccount, type ReadAccountDeps, type ReadLimits } from "./read-account.ts";
import { createRollCall } from "./roll-call.ts";

export interface SynchronizationDeps
  extends Omit<ReadAccountDeps, "progress" | "ownersOf" | "mend" | "mendCalls">,
    Omit<MendDeps, "clock" | "logger">,
    Omit<MendCallsDeps, "clock" | "costs" | "database"> {
  readonly threads: Pick<Threads, "salonOf">;
  /** Names a worker; no two may be the same. */
  readonly newHolder: () => string;
}

export interface SynchronizationLimits extends ReadLimits {
  /** Salons whose accounts are looked up in one run. */
  readonly salons: number;
  /** Accounts read in one run, those that have waited longest first. */
  readonly accounts: number;
  readonly atOnce: number;
  /** After this a run begins with no further account. */
  readonly budgetSeconds: number;
}

export interface Synchronized {
  readonly accounts: number;
  /** Accounts whose reading was broken off. */
  readonly troubled: number;
  readonly counts: Counts;
}

export const LIMITS: SynchronizationLimits = {
  pageSize: { recent: 100, look_back: 500 },
  pages: 10,
  calls: 1_000,
  leaseSeconds: 300,
  everySeconds: 240,
  salons: 500,
  accounts: 1_000,
  atOnce: 8,
  budgetSeconds: 200,
  refusedSeconds: 1_800,
};

/**
 * Reads the message lists of the accounts that are due and mends what callbacks and webhooks did not bring. Repeated, or
 * twice at once, it changes nothing; one account's trouble keeps no other from its turn.
 */
export function createSynchronization(
  deps: SynchronizationDeps,
  limits = LIMITS,
): () => Promise<Synchronized> {
  const { database, defaultSenders, clock, logger } = deps;
  const progress = createProgressStore(database, clock);
  const rollCall = createRollCall({ database, progress, defaultSenders, clock, logger });
  const readAccount = createReadAccount(
    {
      ...deps,
      progress,
      ownersOf: createOwnersOf(deps),
      mend: createMend(deps),
      mendCalls: createMendCalls(deps),
    },
    limits,
  );

  return async () => {
    const until = plusSeconds(clock.now(), limits.budgetSeconds);
    await rollCall(limits.salons);
    const waiting = await progress.due(limits.accounts);
    let result: Synchronized = { accounts: 0, troubled: 0, counts: NOTHING };
    const workers = Array.from({ length: limits.atOnce }, async () => {
      for (let id = waiting.shift(); id !== undefined && clock.now() < until; id = waiting.shift()) {
        const counts = await read(id);
        const isTrouble = counts === "trouble";
        result = {
          accounts: result.accounts + Number(!isTrouble && counts !== undefined),
          troubled: result.troubled + Number(isTrouble),
          counts: isTrouble ? result.counts : plus(result.counts, counts ?? NOTHING),
        };
      }
    });
    await Promise.all(workers);
    return result;
  };

  /** Undefined when there was nothing to read; while Firestore is away the whole run stops. */
  async function read(id: string): Promise<Counts | "trouble" | undefined> {
    const holder = deps.newHolder();
    let fields: Fields = {};
    try {
      const taken = await progress.take(id, holder, limits.leaseSeconds);
      if (taken === undefined) return undefined;
      const { salon_id: salonId, owner: source } = taken;
      fields = salonId === null ? { source } : { salonId, source };
      const counts = await readAccount(taken, holder);
      if (counts !== undefined && isNews(counts)) note(fields, counts);
      return counts;
    } catch (thrown) {
      const error = toAppError(thrown);
      if (isDatabaseAway(error)) throw error;
      logger.warn("message list not read to its end", { ...fields, error });
      return "trouble";
    }
  }

  function note(fields: Fields, counts: Counts): void {
    const { moved, received, failed } = counts;
    logger.info("messages brought forward from Twilio's list", { ...fields, count: moved + received });
    if (failed > 0) logger.error("messages could not be brought forward", { ...fields, count: failed });
  }
}

/** Whose account it is, for the log. */
interface Fields {
  readonly salonId?: string;
  readonly source?: string;
}

/** Prices come late as a rule, and other software's messages are none of ours: neither is worth a line. */
function isNews({ moved, received, failed }: Counts): boolean {
  return moved + received + failed > 0;
}

function isDatabaseAway({ code, context }: AppError): boolean {
  return code === "unavailable" && context.service === "Firestore";
}
