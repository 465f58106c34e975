import type { Audit } from "#shared/audit/audit.ts";
import { changedFields } from "#shared/audit/changed-fields.ts";
import type { AuditChange } from "#shared/audit/entry.ts";
import { isTrusted } from "#shared/audit/trusted-principals.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { documentChange, type Fields } from "#shared/runtime/document-change.ts";
import type { Principal, Trigger } from "#shared/runtime/event-boundary.ts";

export interface OutsideChange {
  readonly by: string;
  /** Names of fields, never their values. */
  readonly fields: readonly string[];
}

export interface Deps {
  readonly audit: Pick<Audit, "recordOnce">;
  /** Tells security, once for the same event however often it comes. */
  readonly tellSecurity: (salonId: SalonId, eventId: string, change: OutsideChange) => Promise<void>;
  /** Our service accounts, as AUDIT_TRUSTED_PRINCIPALS names them. */
  readonly trusted: readonly string[];
  readonly logger: Logger;
}

/**
 * Records a change of an integration that none of our service accounts made, with the fields that changed and not
 * their values, and raises the alarm, once an event.
 * Changes of ours have their entry already, from the transaction that made them.
 */
export function createHandler({
  audit,
  tellSecurity,
  trusted,
  logger,
}: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    const { salonId, eventId, principal, data } = read(trigger);
    if (isTrusted(trusted, principal)) return;
    const actor = { kind: "unknown", id: nameOf(principal) } as const;
    const changes = changesIn(salonId, data);
    const change = { by: actor.id ?? "somebody unknown", fields: changes.map(({ field }) => field) };
    // First, because it repeats itself harmlessly: a death after it brings the event again, one before it as well.
    await tellSecurity(salonId, eventId, change);
    const head = await audit.recordOnce(eventId, { salonId, action: "changed_outside", actor, changes });
    if (head === undefined) return;
    // Alert policies match this sentence. Who it was stands in the entry: an address is no matter for the log.
    logger.error("integration changed from outside", { salonId, eventId, auditSeq: head.seq });
  };
}

const MAX_NAME = 256;

function nameOf(principal: Principal | undefined): string | null {
  return principal?.id.slice(0, MAX_NAME) || null;
}

/** Nothing where the event does not say: that there was a change is news enough. */
function changesIn(salonId: SalonId, data: unknown): AuditChange[] {
  try {
    const { before, after } = documentChange(data);
    const ofSalon = (fields: Fields | undefined) => fields && { ...fields, salon_id: salonId };
    return changedFields(ofSalon(before), ofSalon(after));
  } catch (error) {
    if (error instanceof AppError) return [];
    throw error;
  }
}

function read(trigger: Trigger): {
  readonly salonId: SalonId;
  readonly eventId: string;
  readonly principal: Principal | undefined;
  readonly data: unknown;
} {
  if (trigger.kind === "document") {
    const [collection, id, ...rest] = trigger.path.split("/");
    const salonId = SalonId.safeParse(id).data;
    if (collection === "salon_integrations" && salonId !== undefined && rest.length === 0) {
      const { eventId, principal, data } = trigger;
      return { salonId, eventId, principal, data };
    }
  }
  throw new AppError("invalid-argument", "The event is not about a document salon_integrations/{salonId}.");
}
