import type { QueryDocumentSnapshot } from "firebase-admin/firestore";
import { eraseSalts } from "#shared/audit/commitment.ts";
import type { Clock } from "#shared/core/clock.ts";
import { AppError, toAppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { forgetNames } from "#shared/notifications/forget-names.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Changed, ChangedBy, Decide, IntegrationChanges } from "#shared/salons/integration-changes.ts";
import { recordedLate } from "./call-recordings.ts";
import { type CollectionName, salonPage, workingDocuments } from "./documents.ts";
import {
  CACHES_SECONDS,
  type Erasure,
  type ErasureStep,
  finished,
  isPatienceOver,
  pageRedacted,
  running,
  stepped,
} from "./erasure.ts";
import type { ErasureStore } from "./erasure-store.ts";
import { reopened, withoutCredentials } from "./integration-erasure.ts";
import { arrivedLate } from "./redaction.ts";

/**
 * Puts the webhooks of the salon's own account back as they were before they led to us; repeatable, and forgets nothing.
 * False where there is nothing of ours to put back. Throws when that did not work out.
 */
export type RestoreWebhooks = (salonId: SalonId) => Promise<boolean>;

interface Deps {
  readonly database: Database;
  readonly store: ErasureStore;
  readonly changes: IntegrationChanges;
  readonly restoreWebhooks: RestoreWebhooks;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Customers' data, and then what says how the salon's accounts fared, in the order in which it goes. The ledger and the
 * months stay: nothing in them is personal. What is known of an account's templates is about texts of ours alone.
 */
const ERASED = [
  "messages",
  "calls",
  "contacts",
  "contact_choices",
  "threads",
  "outbox",
  "incidents",
  "message_syncs",
] as const satisfies CollectionName[];
const OURSELVES: ChangedBy = { actor: { kind: "service", id: "maintain-salons" } };

/** Every step but the redaction. Each ends in one commit, so that a repetition finds it done, or does it again. */
export function createErasureSteps(
  { database, store, changes, restoreWebhooks, clock, logger }: Deps,
  { deletePageSize }: { readonly deletePageSize: number },
): Record<Exclude<ErasureStep, "redact">, (job: Erasure) => Promise<Erasure>> {
  return {
    async restore_webhooks(job) {
      const { outcome, error } = await restored(job);
      const next = stepped(job, "destroy_keys", clock.now());
      if (outcome === "nothing_to_restore") return store.commit(job, next);
      const failure = error?.context.reason ?? error?.code;
      return commitChanged(job, { ...next, webhooks_not_restored: failure ?? null }, OURSELVES, () => ({
        action: "webhooks_restored",
        failure,
        fields: {},
      }));
    },
    destroy_keys: (job) =>
      commitChanged(job, stepped(job, "delete", clock.now(), CACHES_SECONDS), OURSELVES, (integration) => ({
        action: "disconnected",
        fields: withoutCredentials(integration),
      })),
    async delete(job) {
      for (const name of ERASED) {
        const page = await salonPage(database, job.salon_id, name, { size: deletePageSize });
        if (page.length === 0) continue;
        // A customer's STOP to a number that salons share holds for all of them: it only no longer says whose it was.
        const freed = name === "threads" ? page.filter(isBlock) : [];
        const gone = page.filter((each) => !freed.includes(each));
        const deleted = { ...job.deleted, [name]: (job.deleted[name] ?? 0) + gone.length };
        const counted = lateCounted(job, name, page);
        return store.commitDeleted(job, running({ ...counted, deleted }, clock.now()), { gone, freed });
      }
      const working = workingDocuments(database.firestore, job.salon_id).map((ref) => ({ ref }));
      return store.commitDeleted(job, stepped(job, "erase_salts", clock.now()), { gone: working });
    },
    async erase_salts(job) {
      await forgetNames(database, job.salon_id);
      const erased = await eraseSalts(database, job.salon_id);
      const next = { ...job, salts_erased: job.salts_erased + erased };
      return store.commit(job, stepped(next, "tell", clock.now()));
    },
    /** The owner's mail, the audit, the end of the job and of the refusals: all of them or none. */
    tell(job) {
      const { requested_by: actor, requested_by_name: name } = job;
      const by = { by: actor.id ?? "the platform", ...(name === null ? {} : { by_name: name }) };
      return commitChanged(job, finished(job, clock.now()), { actor }, (_, now) => ({
        action: "data_erased",
        fields: reopened(),
        notice: { kind: "data_erased", facts: { ...by, at: now } },
      }));
    },
  };

  /** What may pass is tried again for as long as redaction would be; then, or when Twilio says no, it is left. */
  async function restored(
    job: Erasure,
  ): Promise<{ outcome: "restored" | "nothing_to_restore" | "left"; error?: AppError }> {
    const { salon_id: salonId } = job;
    try {
      if (await restoreWebhooks(salonId)) return { outcome: "restored" };
      return (await wasConnected(salonId))
        ? { outcome: "left", error: unreadable() }
        : { outcome: "nothing_to_restore" };
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.retry && !isPatienceOver(job, clock.now())) throw error;
      logger.warn("webhooks not restored on erasure", { salonId, error });
      return { outcome: "left", error };
    }
  }

  /** Whether webhooks were led to us with credentials that can no longer be read. */
  async function wasConnected(salonId: SalonId): Promise<boolean> {
    const integration = await database.run((firestore) =>
      firestore.collection("salon_integrations").doc(salonId).get(),
    );
    return integration.get("twilio.webhook_status") === "configured";
  }

  /** What came after the last pass had looked is at Twilio still. */
  function lateCounted(job: Erasure, name: CollectionName, page: readonly QueryDocumentSnapshot[]): Erasure {
    if (name !== "messages" && name !== "calls") return job;
    const cameLate = name === "messages" ? arrivedLate : recordedLate;
    const late = page.filter((each) => cameLate(each, job.requested_at));
    const outcomes = Array(late.length).fill("arrived_late");
    return pageRedacted(job, { of: name, after: null, outcomes }, clock.now());
  }

  async function commitChanged(job: Erasure, next: Erasure, by: ChangedBy, decide: Decide): Promise<Erasure> {
    let changed: Changed | undefined;
    const committed = await store.commit(job, next, async (transaction) => {
      changed = await changes.within(transaction, job.salon_id, by, decide);
    });
    changes.committed(changed);
    return committed;
  }
}

function unreadable(): AppError {
  const context = { reason: "credentials_unreadable" };
  return new AppError("failed-precondition", "The stored credentials cannot be read.", { context });
}

function isBlock(thread: QueryDocumentSnapshot): boolean {
  return thread.get("blocked_at") != null;
}
