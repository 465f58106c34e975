import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { createNotification } from "#shared/notifications/create-notification.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import { incidentReference, isInUse, type TroubledSource } from "#shared/salons/health.ts";
import type { SalonIntegration, Trouble } from "#shared/salons/integration.ts";
import type { Change, ChangedBy, IntegrationChanges } from "#shared/salons/integration-changes.ts";
import { statusOf } from "#shared/salons/status.ts";
import { isUnderErasure } from "#shared/salons/under-erasure.ts";
import { closed, covers, type Finding, Incident, opened, probed, widened } from "./incident.ts";

/**
 * The troubles of the salons' Twilio accounts. Each is written in one commit with the integration's `health` and
 * `status`, the audit and what the owner is told.
 */
export interface Incidents {
  /**
   * Whether the salon's messages have to wait for this account now; false when they no longer go through it. However
   * often it is told of the same trouble, there is one incident and the owner is told once; a wider one replaces it.
   */
  open(salonId: SalonId, source: TroubledSource, found: Finding): Promise<boolean>;
  /** Counts a probe and sets the next one; undefined when nothing is open. */
  beginProbe(salonId: SalonId, source: TroubledSource): Promise<Incident | undefined>;
  /** Ends the incident if it is still this one, and tells the owner unless its account has been replaced meanwhile. */
  close(incident: Incident): Promise<void>;
}

export interface IncidentsDeps {
  readonly database: Database;
  readonly changes: IntegrationChanges;
  readonly clock: Clock;
  readonly logger: Logger;
}

const HEALTH: ChangedBy = { actor: { kind: "service", id: "account-health" } };

export function createIncidents({ database, changes, clock, logger }: IncidentsDeps): Incidents {
  const referenceOf = (salonId: SalonId, source: TroubledSource) =>
    incidentReference(database.firestore, salonId, source);

  async function read(transaction: Transaction, salonId: SalonId, source: TroubledSource) {
    const snapshot = await transaction.get(referenceOf(salonId, source));
    return snapshot.exists ? parseDocument(Incident, snapshot.ref.path, snapshot.data()) : undefined;
  }

  /** While the salon's data is being erased nothing of it changes, and nobody is told. */
  async function changeUnlessErasing(
    transaction: Transaction,
    salonId: SalonId,
    decide: (known: SalonIntegration, now: Date) => Change | undefined,
  ) {
    try {
      return await changes.within(transaction, salonId, HEALTH, decide);
    } catch (error) {
      if (error instanceof AppError && isUnderErasure(error)) return undefined;
      throw error;
    }
  }

  return {
    async open(salonId, source, found) {
      const { changed, waits } = await database.transact(async (transaction, firestore) => {
        let waits = false;
        const now = clock.now();
        let wider = found;
        const earlier = await read(transaction, salonId, source);
        const changed = await changeUnlessErasing(transaction, salonId, (known) => {
          waits = isInUse(known, source);
          const current = known.health[source];
          if (!waits || covers(current, found)) return undefined;
          wider = widened(current, found);
          const failure = found.code === null ? found.class : `${found.class}-${found.code}`;
          return { ...changeTo(known, source, troubleOf(wider, now)), failure };
        });
        if (changed === undefined) return { changed, waits };
        const incident = opened({ salon_id: salonId, source }, earlier, wider, now);
        transaction.set(referenceOf(salonId, source), incident);
        await createNotification(transaction, firestore, {
          kind: "integration_failed",
          facts: { reason: incident.reason, at: now },
          ...told(incident, now),
        });
        return { changed, waits };
      });
      changes.committed(changed);
      const { class: reason, code, channel } = found;
      const fields = {
        ...(code === null ? {} : { twilioCode: code }),
        ...(channel === null ? {} : { channel }),
      };
      if (changed !== undefined) logger.error("account in trouble", { salonId, source, reason, ...fields });
      return waits;
    },

    beginProbe: (salonId, source) =>
      database.transact(async (transaction) => {
        const incident = await read(transaction, salonId, source);
        if (incident?.state !== "open") return undefined;
        const next = probed(incident, clock.now());
        transaction.set(referenceOf(salonId, source), next);
        return next;
      }),

    async close({ salon_id: salonId, source, opened_at }) {
      const changed = await database.transact(async (transaction, firestore) => {
        const now = clock.now();
        const incident = await read(transaction, salonId, source);
        if (incident?.state !== "open" || incident.opened_at.getTime() !== opened_at.getTime())
          return undefined;
        const healed = await changeUnlessErasing(transaction, salonId, (known) =>
          known.health[source] === null ? undefined : changeTo(known, source, null),
        );
        transaction.set(referenceOf(salonId, source), closed(incident, now));
        if (healed === undefined) return undefined;
        await createNotification(transaction, firestore, {
          kind: "integration_recovered",
          facts: { since: opened_at, at: now },
          ...told(incident, now),
        });
        return healed;
      });
      changes.committed(changed);
      if (changed !== undefined) logger.info("account works again", { salonId, source });
    },
  };
}

function changeTo(known: SalonIntegration, source: TroubledSource, trouble: Trouble | null): Change {
  const health = { ...known.health, [source]: trouble };
  return { action: "status_changed", fields: { health, ...statusOf({ ...known, health }) } };
}

function troubleOf({ code: _, ...found }: Finding, since: Date): Trouble {
  return { ...found, since };
}

/** One notice an incident. The platform's own accounts are its operators' to mend. */
function told({ salon_id: salonId, source, opened_at }: Incident, now: Date) {
  const key = `incident:${source}:${opened_at.toISOString()}`;
  return { salonId, key, now, ...(source === "salon_own" ? {} : { also: ["security"] as const }) };
}
