import type { Audit } from "#shared/audit/audit.ts";
import { isTrusted } from "#shared/audit/trusted-principals.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { Principal, Trigger } from "#shared/runtime/event-boundary.ts";

export interface Deps {
  readonly audit: Pick<Audit, "recordOnce">;
  /** Tells security, once for the same event however often it comes. */
  readonly tellSecurity: (salonId: SalonId, eventId: string, who: string) => Promise<void>;
  /** Our service accounts, as AUDIT_TRUSTED_PRINCIPALS names them. */
  readonly trusted: readonly string[];
  readonly logger: Logger;
}

/**
 * Records a change of an integration that none of our service accounts made, and raises the alarm, once an event.
 * Changes of ours have their entry already, from the transaction that made them.
 */
export function createHandler({
  audit,
  tellSecurity,
  trusted,
  logger,
}: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    const { salonId, eventId, principal } = read(trigger);
    if (isTrusted(trusted, principal)) return;
    const actor = { kind: "unknown", id: nameOf(principal) } as const;
    // First, because it repeats itself harmlessly: a death after it brings the event again, one before it as well.
    await tellSecurity(salonId, eventId, actor.id ?? "somebody unknown");
    const head = await audit.recordOnce(eventId, { salonId, action: "changed_outside", actor });
    if (head === undefined) return;
    // Alert policies match this sentence. Who it was stands in the entry: an address is no matter for the log.
    logger.error("integration changed from outside", { salonId, eventId, auditSeq: head.seq });
  };
}

const MAX_NAME = 256;

function nameOf(principal: Principal | undefined): string | null {
  return principal?.id.slice(0, MAX_NAME) || null;
}

function read(trigger: Trigger): {
  readonly salonId: SalonId;
  readonly eventId: string;
  readonly principal: Principal | undefined;
} {
  if (trigger.kind === "document") {
    const [collection, id, ...rest] = trigger.path.split("/");
    const salonId = SalonId.safeParse(id).data;
    if (collection === "salon_integrations" && salonId !== undefined && rest.length === 0) {
      return { salonId, eventId: trigger.eventId, principal: trigger.principal };
    }
  }
  throw new AppError("invalid-argument", "The event is not about a document salon_integrations/{salonId}.");
}
