import type { Audit } from "#shared/audit/audit.ts";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { toAppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { DefaultSenders } from "#shared/platform/default-senders.ts";
import type { Database } from "#shared/runtime/database.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { salvagedIntegration } from "#shared/salons/salvaged-integration.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type Erasure, type ErasureStep, interrupted, waiting } from "./erasure.ts";
import { createErasureSteps, type RestoreWebhooks } from "./erasure-steps.ts";
import { createErasureStore } from "./erasure-store.ts";
import type { RedactionAccounts } from "./redaction.ts";
import { redactionAccounts } from "./redaction-accounts.ts";
import { createRedactionStep, type RedactionLimits } from "./redaction-step.ts";

export interface ErasureDeps {
  readonly database: Database;
  readonly audit: Audit;
  readonly vault: Pick<Vault, "open">;
  readonly twilio: Pick<Twilio, "account">;
  readonly defaultSenders: Pick<DefaultSenders, "list">;
  readonly restoreWebhooks: RestoreWebhooks;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newHolder: () => string;
}

export interface ErasureLimits extends RedactionLimits {
  /** Documents deleted in one commit, 499 at most. */
  readonly deletePageSize: number;
  /** After this a run stops between two pages, and is due again at once. */
  readonly budgetSeconds: number;
}

const LIMITS: ErasureLimits = {
  redactPageSize: 40,
  redactAtOnce: 8,
  deletePageSize: 300,
  budgetSeconds: 240,
};

export interface Erasures {
  /** Goes on as far as it gets now; undefined when it is not due, done, or another worker has it. */
  proceed(salonId: SalonId): Promise<Erasure | undefined>;
  /** Salons whose erasure goes on now. */
  due(limit: number): Promise<SalonId[]>;
}

/** Failures in a row after which a person should look. */
const STUCK = 10;

/** Erases what is kept about a salon, step by step, each commit with how far the job is: see `ErasureStep`. */
export function createErasures(deps: ErasureDeps, limits: ErasureLimits = LIMITS): Erasures {
  const { database, clock, logger } = deps;
  const store = createErasureStore(database, clock);
  const changes = createIntegrationChanges({ ...deps, isErasure: true });
  const parts = { ...deps, store, changes };
  const redactPage = createRedactionStep(parts, limits);
  const steps = createErasureSteps(parts, limits);

  return {
    async proceed(salonId) {
      const until = plusSeconds(clock.now(), limits.budgetSeconds);
      const held = await store.begin(salonId, deps.newHolder());
      if (held === undefined) return undefined;
      let job: Erasure = held;
      const accounts = once(() => readAccounts(salonId));
      try {
        while (job.state === "running" && clock.now() <= until) {
          const step: ErasureStep = job.step;
          job = step === "redact" ? await redactPage(job, await accounts()) : await steps[step](job);
          if (job.step !== step || job.state === "done") logger.info("erasure step done", { salonId, step });
        }
        return job.state === "running" ? await store.commit(job, waiting(job, 0, clock.now())) : job;
      } catch (error) {
        const { code } = toAppError(error);
        if (code === "conflict") return undefined;
        // A page may have been committed before the failure.
        const known = (await store.get(salonId)) ?? job;
        const put = await store.commit(job, interrupted(known, error, clock.now()));
        const message = put.failures < STUCK ? "erasure interrupted" : "erasure is stuck";
        logger[put.failures < STUCK ? "warn" : "error"](message, { salonId, step: put.step, error });
        return put;
      }
    },
    due: store.due,
  };

  async function readAccounts(salonId: SalonId): Promise<RedactionAccounts> {
    const reference = database.firestore.collection("salon_integrations").doc(salonId);
    const snapshot = await database.run(() => reference.get());
    const integration = snapshot.exists ? salvagedIntegration(salonId, snapshot.data()) : undefined;
    return redactionAccounts(deps, salonId, integration);
  }
}

/** Asks when first needed, and remembers the answer. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
