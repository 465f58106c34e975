import type { Audit, AuditRecord } from "#shared/audit/audit.ts";
import { changedFields } from "#shared/audit/changed-fields.ts";
import type { AuditHead } from "#shared/audit/entry.ts";
import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import { parseDocument } from "#shared/salons/cached-documents.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";

interface Deps {
  readonly database: Database;
  readonly audit: Pick<Audit, "append">;
  readonly clock: Clock;
}

/**
 * Changes an integration as a part of another transaction, if there is one and anything to change, and audits it either
 * way. Hand the head to `logAuditHead` after the commit.
 */
export type ChangeIntegration = (
  transaction: Transaction,
  salonId: SalonId,
  record: Omit<AuditRecord, "salonId" | "changes">,
  changeOf: (integration: SalonIntegration) => Partial<SalonIntegration> | undefined,
) => Promise<AuditHead>;

export function createIntegrationChange({ database, audit, clock }: Deps): ChangeIntegration {
  return async (transaction, salonId, record, changeOf) => {
    const reference = database.firestore.collection("salon_integrations").doc(salonId);
    const snapshot = await transaction.get(reference);
    const was = snapshot.exists
      ? parseDocument(SalonIntegration, reference.path, snapshot.data())
      : undefined;
    const change = was === undefined ? undefined : changeOf(was);
    if (was === undefined || change === undefined) return audit.append(transaction, { ...record, salonId });
    const stamp = { revision: was.revision + 1, updated_at: clock.now(), updated_by: "maintain-salons" };
    transaction.merge(reference, { ...change, ...stamp });
    const changes = changedFields(was, { ...was, ...change });
    return audit.append(transaction, { ...record, salonId, changes });
  };
}
