import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/salons/cached-documents.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import { Salon } from "#shared/salons/salon.ts";
import { begun, interrupted, Progress, type Step } from "./progress.ts";

/** What a worker that has the lease knows of the salon it sets up. */
export interface Begun {
  readonly salon: Salon;
  readonly integration: SalonIntegration;
  readonly progress: Progress;
}

export interface ProgressStore {
  /** Takes the lease; undefined when there is nothing to do, the salon is not open, or another worker has it. */
  begin(salonId: SalonId): Promise<Begun | undefined>;
  reached(salonId: SalonId, step: Step): Promise<void>;
  interrupt(salonId: SalonId, step: Step, error: unknown): Promise<Progress | undefined>;
  finish(salonId: SalonId): Promise<void>;
}

export function createProgressStore(database: Database, clock: Clock): ProgressStore {
  const reference = (salonId: SalonId) => database.firestore.collection("provisioning").doc(salonId);
  return {
    begin: (salonId) =>
      database.transact(async (transaction, firestore) => {
        const [known, integrated, open] = await transaction.getAll(
          reference(salonId),
          firestore.collection("salon_integrations").doc(salonId),
          firestore.collection("salons").doc(salonId),
        );
        if (!integrated?.exists || !open?.exists) return undefined;
        const salon = parseDocument(Salon, open.ref.path, open.data());
        if (salon.status !== "open") return undefined;
        const integration = parseDocument(SalonIntegration, integrated.ref.path, integrated.data());
        const earlier = known?.exists ? parseDocument(Progress, known.ref.path, known.data()) : undefined;
        const progress = begun({ salonId, integration, progress: earlier, now: clock.now() });
        if (progress === undefined) return undefined;
        transaction.set(reference(salonId), progress);
        return { salon, integration, progress };
      }),
    async reached(salonId, step) {
      await database.run(() => reference(salonId).update({ step }));
    },
    interrupt: (salonId, step, error) =>
      database.transact(async (transaction) => {
        const known = await transaction.get(reference(salonId));
        if (!known.exists) return undefined;
        const progress = parseDocument(Progress, known.ref.path, known.data());
        const next = interrupted(progress, step, error, clock.now());
        transaction.set(reference(salonId), next);
        return next;
      }),
    finish: (salonId) =>
      database.transact(async (transaction) => {
        const known = await transaction.get(reference(salonId));
        const { due_at: _, ...rest } = parseDocument(Progress, known.ref.path, known.data());
        transaction.set(reference(salonId), {
          ...rest,
          state: "ready",
          step: "activation",
          ready_at: clock.now(),
        });
      }),
  };
}
