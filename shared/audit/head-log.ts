import type { Logger } from "#shared/core/logger.ts";
import type { AuditHead } from "./entry.ts";

/** The message by which a sink finds these lines for the locked log bucket. It must not change. */
export const AUDIT_HEAD_MESSAGE = "audit head";

/**
 * Says where a salon's chain ends, after the commit. Who can rewrite entries can rewrite the head document as well;
 * a log bucket with a locked retention keeps what it was told, and `audit:verify --heads` compares.
 */
export function logAuditHead(logger: Logger, head: AuditHead): void {
  logger.info(AUDIT_HEAD_MESSAGE, { salonId: head.salon_id, auditSeq: head.seq, auditHash: head.hash });
}
