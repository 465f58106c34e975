import { sha256Hex } from "#shared/core/ids.ts";
import { envelopeSchema } from "#shared/vault/envelope.ts";
import { canonicalJson } from "./canonical-json.ts";
import { type AuditChange, MAX_CHANGES } from "./entry.ts";

/** An integration document, as far as this is concerned: whose it is, and fields. */
export interface AuditedDocument {
  readonly salon_id: string;
}

/** What every write touches, and counters: no news. */
const IGNORED = new Set([
  "salon_id",
  "revision",
  "created_at",
  "created_by",
  "updated_at",
  "updated_by",
  "twilio.usage",
  "twilio.last_used_at",
]);
/** Not ours (spec §3.1), so their keys may be anything: each is one field. */
const WHOLE = new Set(["email", "payment", "analytics"]);
/** Longer or odder keys are data, and data does not stand in the audit. */
const FIELD_NAME = /^[a-z][a-z0-9_]{0,28}$/;
const MAX_DEPTH = 4;

/**
 * Which fields differ between two integration documents of one salon, such as `twilio.auth_token` or
 * `platform.is_active`, with fingerprints for values. A credential is one field. Null and missing are the same. As many
 * as an entry holds.
 */
export function changedFields(
  before: AuditedDocument | undefined,
  after: AuditedDocument | undefined,
): AuditChange[] {
  const salonId = (after ?? before)?.salon_id ?? "";
  const [was, is] = [fingerprints(salonId, before), fingerprints(salonId, after)];
  const fields = [...new Set([...was.keys(), ...is.keys()])].toSorted();
  return fields
    .map((field) => ({ field, before: was.get(field) ?? null, after: is.get(field) ?? null }))
    .filter((change) => change.before !== change.after)
    .slice(0, MAX_CHANGES);
}

/**
 * Stands for a value within one salon: the same there wherever it stands, so that a rotation shows a token moving,
 * and another in every other salon.
 */
export function fingerprintOf(salonId: string, value: unknown): string {
  return sha256Hex("integration-field", salonId, canonicalJson(value)).slice(0, 16);
}

function fingerprints(salonId: string, document: AuditedDocument | undefined): Map<string, string> {
  const found = new Map<string, string>();
  const visit = (path: string, value: unknown, depth: number) => {
    if (value === null || value === undefined || IGNORED.has(path)) return;
    const parts = depth < MAX_DEPTH && !WHOLE.has(path) ? partsOf(value) : undefined;
    if (parts === undefined) found.set(path, fingerprintOf(salonId, value));
    for (const [name, part] of parts ?? []) visit(`${path}.${name}`, part, depth + 1);
  };
  const fields = Object.entries(document ?? {});
  for (const [name, value] of fields.filter(([name]) => FIELD_NAME.test(name))) visit(name, value, 1);
  const odd = fields.filter(([name]) => !FIELD_NAME.test(name));
  if (odd.length > 0) found.set("other_fields", fingerprintOf(salonId, Object.fromEntries(odd)));
  return found;
}

/** The fields of a map, unless it is one value: a credential, an instant, or a map whose keys are data. */
function partsOf(value: unknown): [string, unknown][] | undefined {
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) {
    return undefined;
  }
  const parts = Object.entries(value);
  const named = parts.length > 0 && parts.every(([name]) => FIELD_NAME.test(name));
  return named && !envelopeSchema.safeParse(value).success ? parts : undefined;
}
