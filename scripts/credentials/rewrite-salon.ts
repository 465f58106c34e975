import { type DocumentSnapshot, FieldValue } from "firebase-admin/firestore";
import pRetry from "p-retry";
import { z } from "zod";
import type { Audit } from "#shared/audit/audit.ts";
import { changedFields } from "#shared/audit/changed-fields.ts";
import type { AuditAction } from "#shared/audit/entry.ts";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { BoundEnvelope, Envelope } from "#shared/vault/envelope.ts";
import type { CredentialKind, Vault } from "#shared/vault/vault.ts";
import { findEnvelopes } from "./find-envelopes.ts";
import { wordsOf } from "./words.ts";

export interface StoredCredential {
  readonly salonId: string;
  readonly kind: CredentialKind;
  readonly envelope: Envelope;
}

/** Gives what a stored credential becomes, or `undefined` when it may stay. Throws AppErrors that say why it cannot. */
export type Rewrite = (stored: StoredCredential) => Promise<BoundEnvelope | undefined>;

export interface RewriteParts {
  readonly database: Database;
  readonly vault: Vault;
  readonly rewrite: Rewrite;
  readonly audit: Pick<Audit, "append">;
  readonly clock: Clock;
  /** What the audit's entry of a salon says. */
  readonly action: Extract<AuditAction, "rewrapped" | "migrated">;
  /** Stands in `updated_by`, and in the audit as the operator's. */
  readonly by: string;
  /** Without it everything is tried but nothing written. */
  readonly apply: boolean;
}

export interface SalonOutcome {
  readonly salonId: string;
  readonly envelopes: number;
  readonly rewritten: number;
  /** One sentence a field, without anything of its value. */
  readonly problems: readonly string[];
  /** Whether the next salon would meet the same problem, such as an outage. */
  readonly outage: boolean;
}

/** How often somebody else may change the document while its credentials are rewritten. */
const MAX_TRIES = 5;

/**
 * Rewrites the credentials of one salon in one commit with its audit entry, on the condition that its document is still
 * what was read: who changes it meanwhile wins, and what they wrote is looked at again.
 */
export async function rewriteSalon(parts: RewriteParts, page: DocumentSnapshot): Promise<SalonOutcome> {
  let snapshot = page;
  for (let tries = 1; ; tries += 1) {
    const { changes, ...outcome } = await prepare(parts, snapshot);
    if (changes.length === 0 || !parts.apply) return outcome;
    try {
      if (await write(parts, snapshot, changes)) return outcome;
      if (tries === MAX_TRIES) return unwritten(outcome, changes, "its document changes all the time");
    } catch (error) {
      return { ...unwritten(outcome, changes, wordsOf(error)), outage: outcome.outage || isOutage(error) };
    }
    snapshot = await parts.database.run(() => page.ref.get());
  }
}

interface Change {
  readonly path: readonly string[];
  readonly envelope: BoundEnvelope;
}

async function prepare({ vault, rewrite }: RewriteParts, snapshot: DocumentSnapshot) {
  const salonId = snapshot.id;
  const found = findEnvelopes(snapshot.data() ?? {});
  const changes: Change[] = [];
  const problems: string[] = [];
  let outage = false;
  for (const one of found) {
    const field = one.path.join(".");
    if ("problem" in one) {
      problems.push(`${field} ${one.problem}`);
      continue;
    }
    try {
      const envelope = await inspiteOfHiccups(() => rewrite({ salonId, ...one }));
      if (envelope === undefined) continue;
      // Whatever replaces a credential must open where it will stand.
      await inspiteOfHiccups(() => vault.open({ salonId, kind: one.kind, envelope }));
      changes.push({ path: one.path, envelope });
    } catch (error) {
      problems.push(`${field}: ${wordsOf(error)}`);
      outage ||= isOutage(error);
    }
  }
  return { salonId, envelopes: found.length, rewritten: changes.length, problems, outage, changes };
}

/** False when the document is no longer what was read. */
async function write(
  { database, audit, action, clock, by }: RewriteParts,
  read: DocumentSnapshot,
  changes: readonly Change[],
): Promise<boolean> {
  const salonId = SalonId.safeParse(read.id).data;
  if (salonId === undefined) throw new AppError("failed-precondition", "its document's id is no salon's.");
  const before = { ...read.data(), salon_id: salonId };
  const after = changes.reduce((document, { path, envelope }) => put(document, path, envelope), before);
  const touched = new Set(changes.map(({ path }) => path[0]));
  const fields = Object.entries(after).filter(([name]) => touched.has(name));
  return database.transact(async (transaction) => {
    const { updateTime } = await transaction.get(read.ref);
    if (read.updateTime === undefined || updateTime?.isEqual(read.updateTime) !== true) return false;
    const stamp = { updated_by: by, updated_at: clock.now(), revision: FieldValue.increment(1) };
    transaction.merge(read.ref, { ...Object.fromEntries(fields), ...stamp });
    const actor = { kind: "operator", id: by } as const;
    await audit.append(transaction, { salonId, action, actor, changes: changedFields(before, after) });
    return true;
  });
}

const Fields = z.record(z.string(), z.unknown());

/** The same map with the envelope at that path, where another one is. */
function put<Map extends object>(
  map: Map,
  [name = "", ...rest]: readonly string[],
  envelope: BoundEnvelope,
): Map {
  const inner = Fields.parse(Fields.parse(map)[name]);
  return { ...map, [name]: rest.length === 0 ? envelope : put(inner, rest, envelope) };
}

function inspiteOfHiccups<T>(ask: () => Promise<T>): Promise<T> {
  return pRetry(ask, { retries: 2, minTimeout: 200, shouldRetry: ({ error }) => isOutage(error) });
}

function unwritten(outcome: SalonOutcome, changes: readonly Change[], why: string): SalonOutcome {
  const problems = changes.map(({ path }) => `${path.join(".")}: ${why}`);
  return { ...outcome, rewritten: 0, problems: [...outcome.problems, ...problems] };
}

function isOutage(error: unknown): boolean {
  return error instanceof AppError && error.retry;
}
