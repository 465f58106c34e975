import { createHash } from "node:crypto";
import { z } from "zod";
import type { Clock } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { canonicalJson } from "./canonical-json.ts";

/** Everything that is worth an entry. The list is closed: adding an action here is a decision. */
export const AuditAction = z.enum([
  "messaging_requested",
  "platform_enabled",
  "provisioned",
  "provisioning_failed",
  "own_account_saved",
  "validation_failed",
  "switched",
  "webhooks_configured",
  "webhooks_repaired",
  "webhooks_restored",
  "test_message_sent",
  "credentials_rotated",
  "rotation_started",
  "rotation_failed",
  "rotation_rolled_back",
  "rollback_expired",
  "rewrapped",
  "migrated",
  "status_changed",
  "settings_changed",
  "suspended",
  "resumed",
  "disconnected",
  "offboarded",
  "data_exported",
  "data_erased",
  "changed_outside",
]);
export type AuditAction = z.infer<typeof AuditAction>;

/** Who did it: a member of the salon by uid, one of the platform's operators, or one of our functions by name. */
export const AuditActor = z.strictObject({
  kind: z.enum(["member", "operator", "service", "unknown"]),
  id: z.string().min(1).max(256).nullable(),
});
export type AuditActor = z.infer<typeof AuditActor>;

export const AuditOutcome = z.discriminatedUnion("result", [
  z.strictObject({ result: z.literal("succeeded") }),
  z.strictObject({
    result: z.literal("failed"),
    /** A code of ours or of Twilio's, never a message: messages quote what was sent. */
    code: z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "must be a code"),
  }),
]);
export type AuditOutcome = z.infer<typeof AuditOutcome>;

const Fingerprint = z
  .string()
  .regex(/^[0-9a-f]{16}$/, "must be a fingerprint")
  .nullable();

/** A field that changed. Its values stand as fingerprints (changed-fields.ts), null where there was none. */
export const AuditChange = z.strictObject({
  field: z
    .string()
    .max(120)
    .regex(/^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$/, "must be a path of field names"),
  before: Fingerprint,
  after: Fingerprint,
});
export type AuditChange = z.infer<typeof AuditChange>;

export const MAX_CHANGES = 500;

const Digest = z.string().regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits");

/** From where it was asked for, as commitments that only their salt opens (commitment.ts). */
const AuditRequest = z.strictObject({
  ip_commitment: Digest.nullable(),
  user_agent_commitment: Digest.nullable(),
});
export type AuditRequest = z.infer<typeof AuditRequest>;

// The hash covers milliseconds, so a Timestamp with more than that was not written by us.
const WholeMilliseconds = z
  .unknown()
  .refine((value) => nanosecondsOf(value) % 1_000_000 === 0, "must be whole milliseconds")
  .pipe(Instant);

/** `integration_audit/{salonId}_{seq}` (spec §3.3): who did what to a salon's integration, and when. Never a value. */
export const AuditEntry = z.strictObject({
  salon_id: SalonId,
  /** 1, 2, 3 … without a gap within a salon. */
  seq: z.int().positive().max(9_999_999_999),
  action: AuditAction,
  timestamp: WholeMilliseconds,
  actor: AuditActor,
  outcome: AuditOutcome,
  changes: z.array(AuditChange).max(MAX_CHANGES),
  request: AuditRequest.nullable(),
  /** `hash` of the entry before; 64 zeros in the first. */
  previous_hash: Digest,
  /** SHA-256 over the canonical JSON of everything else here. */
  hash: Digest,
});
export type AuditEntry = z.infer<typeof AuditEntry>;

/** `integration_audit_heads/{salonId}`: where the salon's chain ends. */
export const AuditHead = z.strictObject({ salon_id: SalonId, seq: AuditEntry.shape.seq, hash: Digest });
export type AuditHead = z.infer<typeof AuditHead>;

export const ENTRIES = "integration_audit";
export const HEADS = "integration_audit_heads";
export const SALTS = "integration_audit_salts";

/** What stands in the first entry instead of the hash of one before it. */
export const NO_HASH = "0".repeat(64);

export type AuditContent = Omit<AuditEntry, "salon_id" | "seq" | "timestamp" | "previous_hash" | "hash">;

/** The entry that follows `previous` in the salon's chain, sealed by its hash. */
export function nextEntry(
  salonId: SalonId,
  previous: Pick<AuditHead, "seq" | "hash"> | undefined,
  content: AuditContent,
  clock: Clock,
): AuditEntry {
  const unsealed = {
    salon_id: salonId,
    seq: (previous?.seq ?? 0) + 1,
    ...content,
    timestamp: clock.now(),
    previous_hash: previous?.hash ?? NO_HASH,
  };
  return { ...unsealed, hash: hashOf(unsealed) };
}

export function hashOf(entry: Omit<AuditEntry, "hash"> & { readonly hash?: string }): string {
  const { hash: _, ...sealed } = entry;
  return createHash("sha256").update(canonicalJson(sealed)).digest("hex");
}

/** Ids sort as the entries follow each other: the number has ten digits. */
export function entryId(salonId: string, seq: number): string {
  return `${salonId}_${String(seq).padStart(10, "0")}`;
}

/** The salon and number that a document id of the collection names, if it is one of ours. */
export function readEntryId(id: string): { salonId: SalonId; seq: number } | undefined {
  const [, salon, digits] = /^(.+)_(\d{10})$/.exec(id) ?? [];
  const salonId = SalonId.safeParse(salon).data;
  const seq = Number(digits);
  return salonId === undefined || seq === 0 ? undefined : { salonId, seq };
}

function nanosecondsOf(value: unknown): number {
  if (typeof value !== "object" || value === null || !("nanoseconds" in value)) return 0;
  return Number(value.nanoseconds);
}
