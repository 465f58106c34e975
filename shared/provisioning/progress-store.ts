import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import type { Change, ChangedBy, IntegrationChanges } from "#shared/salons/integration-changes.ts";
import { Salon } from "#shared/salons/salon.ts";
import { isUnderErasure } from "#shared/salons/under-erasure.ts";
import { advanced, begun, finished, interrupted, isHeldBy, Progress, rested, type Step } from "./progress.ts";

/** What a worker that has the lease knows of the salon it sets up. */
export interface Begun {
  readonly salon: Salon;
  readonly integration: SalonIntegration;
  readonly progress: Progress;
}

export interface ProgressStore {
  /** Takes the lease; undefined when there is nothing to do, the salon is not open, or another worker has it. */
  begin(salonId: SalonId): Promise<Begun | undefined>;
  /** Renews the lease for the next step, and writes what the last one gave; `conflict` when another worker took over. */
  reached(held: Progress, step: Step, outcome?: Change): Promise<void>;
  /**
   * Lets go after a failure, or for good while the salon's data is being erased, with nothing said of it; undefined, with
   * nothing written, when another worker has taken over.
   */
  interrupt(held: Progress, step: Step, error: unknown): Promise<Progress | undefined>;
  /** Ends the set-up in the commit that switches messaging on; `conflict` as above. */
  finish(held: Progress, outcome: Change): Promise<void>;
}

const PROVISIONING: ChangedBy = { actor: { kind: "service", id: "provision-salon" } };

export function createProgressStore(
  database: Database,
  changes: IntegrationChanges,
  clock: Clock,
): ProgressStore {
  const reference = (salonId: string) => database.firestore.collection("provisioning").doc(salonId);

  /** Writes only while the worker still has its lease, the outcome in the same commit. */
  const whileHeld = async (
    held: Progress,
    change: (progress: Progress) => Progress,
    outcomeOf: (next: Progress) => Change | undefined,
  ) => {
    const written = await database.transact(async (transaction) => {
      const known = await transaction.get(reference(held.salon_id));
      const progress = known.exists ? parseDocument(Progress, known.ref.path, known.data()) : undefined;
      if (progress === undefined || !isHeldBy(progress, held)) return undefined;
      const next = change(progress);
      transaction.set(reference(held.salon_id), next);
      const outcome = outcomeOf(next);
      if (outcome === undefined) return { next, changed: undefined };
      const salonId = SalonId.parse(held.salon_id);
      return { next, changed: await changes.within(transaction, salonId, PROVISIONING, () => outcome) };
    });
    changes.committed(written?.changed);
    return written?.next;
  };

  return {
    begin: (salonId) =>
      database.transact(async (transaction, firestore) => {
        const [known, integrated, open] = await transaction.getAll(
          reference(salonId),
          firestore.collection("salon_integrations").doc(salonId),
          firestore.collection("salons").doc(salonId),
        );
        const earlier = known?.exists ? parseDocument(Progress, known.ref.path, known.data()) : undefined;
        const now = clock.now();
        const nothingToDo = () => {
          if (earlier?.due_at !== undefined && earlier.due_at <= now)
            transaction.set(reference(salonId), rested(earlier));
          return undefined;
        };
        if (!integrated?.exists || !open?.exists) return nothingToDo();
        const salon = parseDocument(Salon, open.ref.path, open.data());
        if (salon.status !== "open") return nothingToDo();
        const integration = parseDocument(SalonIntegration, integrated.ref.path, integrated.data());
        const progress = begun({ salonId, integration, progress: earlier, now });
        if (progress === undefined) return nothingToDo();
        transaction.set(reference(salonId), progress);
        return { salon, integration, progress };
      }),
    async reached(held, step, outcome) {
      const renew = (progress: Progress) => advanced(progress, step, clock.now());
      if ((await whileHeld(held, renew, () => outcome)) === undefined) throw takenOver();
    },
    interrupt: (held, step, error) =>
      whileHeld(
        held,
        (progress) => interrupted(progress, step, error, clock.now()),
        ({ state, last_error }) =>
          state === "failed"
            ? {
                action: "provisioning_failed",
                failure: last_error?.code,
                fields: { status: "error", status_reason: last_error?.reason ?? null },
              }
            : undefined,
      ).catch((refused: unknown) => {
        if (refused instanceof AppError && isUnderErasure(refused)) {
          return whileHeld(held, rested, () => undefined);
        }
        throw refused;
      }),
    async finish(held, outcome) {
      const end = (progress: Progress) => finished(progress, clock.now());
      if ((await whileHeld(held, end, () => outcome)) === undefined) throw takenOver();
    },
  };
}

function takenOver(): AppError {
  return new AppError("conflict", "Another worker has taken this salon's set-up over.");
}
