import { randomBytes } from "node:crypto";
import type { z } from "zod";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { type SalonId, sha256Hex } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import { type AuditSalt, commitTo, type RequestOrigin } from "./commitment.ts";
import {
  type AuditAction,
  type AuditActor,
  type AuditChange,
  AuditEntry,
  AuditHead,
  type AuditOutcome,
  ENTRIES,
  entryId,
  HEADS,
  nextEntry,
  SALTS,
} from "./entry.ts";
import { logAuditHead } from "./head-log.ts";

export interface AuditRecord {
  readonly salonId: SalonId;
  readonly action: AuditAction;
  readonly actor: AuditActor;
  /** `succeeded` unless said otherwise. */
  readonly outcome?: AuditOutcome;
  /** From `changedFields`. */
  readonly changes?: readonly AuditChange[];
  readonly request?: RequestOrigin;
}

export interface Audit {
  /**
   * Adds an entry to the salon's chain in the transaction of the change it records: both are stored or neither. One
   * entry a salon and transaction. Hand the head to `logAuditHead` after the commit.
   */
  append(transaction: Transaction, record: AuditRecord): Promise<AuditHead>;
  /** An entry of its own, for what changes no document: a failed validation, an export. Logs the head. */
  record(record: AuditRecord): Promise<AuditHead>;
  /** The same for an event that may come again: undefined where its entry is there already. */
  recordOnce(eventId: string, record: AuditRecord): Promise<AuditHead | undefined>;
}

export interface AuditDeps {
  readonly database: Database;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random?: typeof randomBytes;
}

/** `integration_audit_events/{hash}`: this event has its entry. Longer than Eventarc redelivers (24 h); TTL field. */
const EVENTS = "integration_audit_events";
const EVENT_SECONDS = 7 * 86_400;

export function createAudit({ database, clock, logger, random = randomBytes }: AuditDeps): Audit {
  const { firestore } = database;

  const append: Audit["append"] = async (transaction, record) => {
    const { salonId, action, actor, outcome = { result: "succeeded" }, changes = [], request } = record;
    const headReference = firestore.collection(HEADS).doc(salonId);
    const stored = await transaction.get(headReference);
    const previous = stored.exists ? checked(AuditHead, `${HEADS}/${salonId}`, stored.data()) : undefined;
    const committed = request === undefined ? undefined : commitTo(request, random);
    const content = { action, actor, outcome, changes: [...changes], request: committed?.request ?? null };
    const entry = nextEntry(salonId, previous, content, clock);
    const id = entryId(salonId, entry.seq);
    checked(AuditEntry, `${ENTRIES}/${id}`, entry);
    const head: AuditHead = { salon_id: salonId, seq: entry.seq, hash: entry.hash };
    transaction.create(firestore.collection(ENTRIES).doc(id), entry);
    transaction.set(headReference, head);
    if (committed !== undefined) {
      const salt: AuditSalt = { salon_id: salonId, salt: committed.salt };
      transaction.create(firestore.collection(SALTS).doc(id), salt);
    }
    return head;
  };

  return {
    append,
    async record(record) {
      const head = await database.transact((transaction) => append(transaction, record));
      logAuditHead(logger, head);
      return head;
    },
    async recordOnce(eventId, record) {
      const key = sha256Hex("audit-event", record.salonId, eventId).slice(0, 40);
      const marker = firestore.collection(EVENTS).doc(key);
      const head = await database.transact(async (transaction) => {
        if ((await transaction.get(marker)).exists) return undefined;
        const expires_at = plusSeconds(clock.now(), EVENT_SECONDS);
        const appended = await append(transaction, record);
        transaction.create(marker, { salon_id: record.salonId, seq: appended.seq, expires_at });
        return appended;
      });
      if (head !== undefined) logAuditHead(logger, head);
      return head;
    },
  };
}

/** What the schema makes of it, or an error that names the field and not its value. */
function checked<Schema extends z.ZodType>(schema: Schema, path: string, data: unknown): z.infer<Schema> {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const fields = result.error.issues.map((issue) => issue.path.join(".") || issue.code);
  throw new AppError("failed-precondition", `The document ${path} is malformed: ${fields.join("; ")}.`);
}
