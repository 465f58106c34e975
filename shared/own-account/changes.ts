import type { Audit } from "#shared/audit/audit.ts";
import type { AuditAction, AuditActor } from "#shared/audit/entry.ts";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { Notice } from "#shared/notifications/notification.ts";
import type { Database } from "#shared/runtime/database.ts";
import { healthAfter } from "#shared/salons/health.ts";
import { type Rotation, SalonIntegration, type TwilioConfig } from "#shared/salons/integration.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import type { Integrations } from "#shared/salons/integrations.ts";
import { statusOf } from "#shared/salons/status.ts";
import type { ChangedBy } from "./own-accounts.ts";

export interface ChangeDeps {
  readonly database: Database;
  readonly integrations: Integrations;
  readonly audit: Audit;
  /** What the dashboard's banner says of the age of the credentials: `rotationReminder`. */
  readonly rotationReminder: (twilio: TwilioConfig, now: Date) => { readonly rotation: Rotation } | undefined;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One change of the integration, with everything that is written in the same transaction. */
export interface Change {
  readonly action: AuditAction;
  /** A code of a failure that this change writes down. */
  readonly failure?: string | undefined;
  readonly fields: Partial<Pick<SalonIntegration, "twilio" | "requested" | "status" | "status_reason">>;
  /** `status`: recomputed, unless the fields say it. `rotation`: the banner as well, the credentials being others. */
  readonly recompute?: "status" | "rotation";
  readonly notice?: Notice;
}

export interface Changes {
  /** The integration as it is stored now; the defaults where there is none. */
  read(salonId: SalonId): Promise<SalonIntegration>;
  /**
   * Decides by what is stored and writes it, with a new revision, the audit entry and the notification. May decide
   * several times; `undefined` changes nothing and is passed on.
   */
  apply(
    salonId: SalonId,
    by: ChangedBy,
    decide: (known: SalonIntegration, now: Date) => Change | undefined,
  ): Promise<SalonIntegration | undefined>;
  /** Writes down that a validation failed, which changes nothing else. */
  refused(salonId: SalonId, by: ChangedBy, error: unknown): Promise<void>;
  /** Writes down something that is no change of ours, such as what was restored at Twilio. */
  note(salonId: SalonId, by: ChangedBy, action: AuditAction, error?: unknown): Promise<void>;
}

export function createChanges(deps: ChangeDeps): Changes {
  const { integrations, audit, clock } = deps;
  const integrationChanges = createIntegrationChanges(deps);

  const note: Changes["note"] = async (salonId, { actor, origin }, action, error) => {
    const outcome =
      error === undefined
        ? ({ result: "succeeded" } as const)
        : ({ result: "failed", code: codeOf(error) } as const);
    await audit.record({ salonId, action, actor, outcome, request: origin });
  };

  return {
    async read(salonId) {
      const now = clock.now();
      const nothing = { salon_id: salonId, created_at: now, updated_at: now };
      return (await integrations.get(salonId, { fresh: true })) ?? SalonIntegration.parse(nothing);
    },
    async apply(salonId, by, decide) {
      const after = await integrationChanges.apply(salonId, by, (known, now) => {
        const change = decide(known, now);
        if (change === undefined) return undefined;
        const { action, failure, notice } = change;
        const fields = {
          ...computed({ ...known, ...change.fields, health: healthAfter(known, change.fields) }, change, now),
          ...change.fields,
        };
        return { action, failure, notice, fields };
      });
      // For who sends next in this instance. Another reads it when its own copy fails or has become old.
      if (after !== undefined) await integrations.get(salonId, { fresh: true }).catch(() => undefined);
      return after;
    },
    refused: (salonId, by, error) => note(salonId, by, "validation_failed", error),
    note,
  };

  function computed(after: SalonIntegration, { recompute }: Change, now: Date) {
    if (recompute === undefined) return {};
    if (recompute === "status") return statusOf(after);
    return { ...statusOf(after), rotation: deps.rotationReminder(after.twilio, now)?.rotation ?? null };
  }
}

/** Refuses when the document is not what the work before was based on: two owners at once, one wins. */
export function requireRevision(known: SalonIntegration, { revision }: SalonIntegration): void {
  if (known.revision !== revision) throw changedMeanwhile();
}

export function changedMeanwhile(): AppError {
  return new AppError(
    "conflict",
    "Somebody else has changed the messaging settings meanwhile. Nothing was changed; look at them and try again.",
    { context: { reason: "changed_meanwhile" } },
  );
}

/** Who it was, as a notification has it: by id for security, and by name for the owner where there is one. */
export function whoChanged({ actor, name }: ChangedBy): { by: string; by_name?: string } {
  return { by: inWords(actor), ...(name === undefined ? {} : { by_name: name }) };
}

function inWords({ kind, id }: AuditActor): string {
  if (kind === "service" || id === null) return "Salon Flow";
  return kind === "operator" ? `Salon Flow support (${id})` : `A member of the salon (${id})`;
}

export function nameOf({ kind, id }: AuditActor): string {
  return id ?? kind;
}

/** A failure as a code, never its message. */
export function codeOf(error: unknown): string {
  if (!(error instanceof AppError)) return "internal";
  const code = error.context.reason ?? error.code;
  return /^[a-z0-9][a-z0-9_-]{0,63}$/.test(code) ? code : error.code;
}
