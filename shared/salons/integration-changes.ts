import type { DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import type { Audit } from "#shared/audit/audit.ts";
import { changedFields } from "#shared/audit/changed-fields.ts";
import type { RequestOrigin } from "#shared/audit/commitment.ts";
import type { AuditAction, AuditActor, AuditHead } from "#shared/audit/entry.ts";
import { logAuditHead } from "#shared/audit/head-log.ts";
import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { createNotification } from "#shared/notifications/create-notification.ts";
import type { Notice } from "#shared/notifications/notification.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import { healthAfter, wakeProbes } from "./health.ts";
import { SalonIntegration } from "./integration.ts";
import { salvagedIntegration } from "./salvaged-integration.ts";
import { underErasure } from "./under-erasure.ts";

/** Who asks for a change, and from where: both go into the audit. */
export interface ChangedBy {
  readonly actor: AuditActor;
  /** For the mail to the owner alone: an address, or what the owner calls us. Never into the audit. */
  readonly name?: string | undefined;
  readonly origin?: RequestOrigin | undefined;
}

/** One change of a salon's integration, with everything that is written in the same transaction. */
export interface Change {
  readonly action: AuditAction;
  /** A code of a failure that this change writes down. */
  readonly failure?: string | undefined;
  readonly fields: Partial<
    Pick<
      SalonIntegration,
      "requested" | "erasing" | "twilio" | "platform" | "rotation" | "health" | "status" | "status_reason"
    >
  >;
  readonly notice?: Notice | undefined;
}

/** Decides by what is stored, the defaults where nothing is. May be asked several times; `undefined` changes nothing. */
export type Decide = (known: SalonIntegration, now: Date) => Change | undefined;

export interface Changed {
  readonly after: SalonIntegration;
  readonly head: AuditHead;
}

/**
 * The one way in which an integration changes: with a new revision, its audit entry and its notification, or not at all.
 * While the salon's data is being erased every change is a `conflict`, decided by what the same transaction read.
 */
export interface IntegrationChanges {
  apply(salonId: SalonId, by: ChangedBy, decide: Decide): Promise<SalonIntegration | undefined>;
  /** The same as a part of another transaction; hand what it gives to `committed` after the commit. */
  within(
    transaction: Transaction,
    salonId: SalonId,
    by: ChangedBy,
    decide: Decide,
  ): Promise<Changed | undefined>;
  /** Logs the head of the salon's audit chain, for a log bucket that nobody can rewrite. */
  committed(changed: Changed | undefined): void;
  /** Asks for platform messaging where nothing was ever asked for; an owner's own choice stands. */
  requestPlatform(salonId: SalonId, service: string): Promise<void>;
}

export interface IntegrationChangesDeps {
  readonly database: Database;
  readonly audit: Audit;
  readonly clock: Clock;
  readonly logger: Logger;
  /** For the erasure itself, which alone goes on changing what it erases, and what is malformed in it as well. */
  readonly isErasure?: boolean;
}

export function createIntegrationChanges(deps: IntegrationChangesDeps): IntegrationChanges {
  const { database, audit, clock, logger, isErasure = false } = deps;
  const reference = (firestore: Firestore, salonId: SalonId) =>
    firestore.collection("salon_integrations").doc(salonId);

  const readStored = (salonId: SalonId, stored: DocumentSnapshot) =>
    isErasure
      ? salvagedIntegration(salonId, stored.data())
      : parseDocument(SalonIntegration, stored.ref.path, stored.data());

  const within: IntegrationChanges["within"] = async (transaction, salonId, { actor, origin }, decide) => {
    const now = clock.now();
    const snapshot = await transaction.get(reference(database.firestore, salonId));
    const known = snapshot.exists
      ? readStored(salonId, snapshot)
      : SalonIntegration.parse({ salon_id: salonId, created_at: now, updated_at: now });
    if (known.erasing && !isErasure) throw underErasure(salonId);
    const change = decide(known, now);
    if (change === undefined) return undefined;

    const by = actor.id ?? actor.kind;
    const stamp = { revision: known.revision + 1, updated_at: now, updated_by: by };
    const health = healthAfter(known, change.fields);
    const fields = { health, ...change.fields };
    const after: SalonIntegration = { ...known, ...fields, ...stamp };
    await wakeProbes(transaction, database.firestore, known, { salonId, forgotten: health, now });
    const written = isErasure ? after : { salon_id: salonId, ...fields, ...stamp };
    if (snapshot.exists) transaction.merge(snapshot.ref, written);
    else transaction.create(snapshot.ref, { ...after, created_by: by });
    const head = await audit.append(transaction, {
      salonId,
      action: change.action,
      actor,
      changes: changedFields(known, after),
      ...(origin === undefined ? {} : { request: origin }),
      ...(change.failure === undefined ? {} : { outcome: { result: "failed", code: change.failure } }),
    });
    if (change.notice !== undefined) {
      const key = `revision:${after.revision}`;
      await createNotification(transaction, database.firestore, { ...change.notice, salonId, key, now });
    }
    return { after, head };
  };

  const committed: IntegrationChanges["committed"] = (changed) => {
    if (changed !== undefined) logAuditHead(logger, changed.head);
  };

  const apply: IntegrationChanges["apply"] = async (salonId, by, decide) => {
    const changed = await database.transact((transaction) => within(transaction, salonId, by, decide));
    committed(changed);
    return changed?.after;
  };

  return {
    apply,
    within,
    committed,
    async requestPlatform(salonId, service) {
      await apply(salonId, { actor: { kind: "service", id: service } }, (known, now) => {
        if (known.requested !== null) return undefined;
        return {
          action: "messaging_requested",
          fields: { requested: { messaging: "platform", by: service, at: now } },
        };
      });
    },
  };
}
