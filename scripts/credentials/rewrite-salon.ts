import { type DocumentSnapshot, FieldPath, FieldValue } from "firebase-admin/firestore";
import pRetry from "p-retry";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { type Database, isStale } from "#shared/runtime/database.ts";
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
  readonly clock: Clock;
  /** Stands in `updated_by`. */
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
 * Rewrites the credentials of one salon in one write, on the condition that its document is still what was read: who
 * changes it meanwhile wins, and what they wrote is looked at again.
 */
export async function rewriteSalon(parts: RewriteParts, page: DocumentSnapshot): Promise<SalonOutcome> {
  let snapshot = page;
  for (let tries = 1; ; tries += 1) {
    const { changes, ...outcome } = await prepare(parts, snapshot);
    if (changes.length === 0 || !parts.apply) return outcome;
    try {
      await write(parts, snapshot, changes);
      return outcome;
    } catch (error) {
      if (!isStale(error) || tries === MAX_TRIES) return unwritten(outcome, changes, error);
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

async function write(parts: RewriteParts, read: DocumentSnapshot, changes: readonly Change[]): Promise<void> {
  const { database, clock, by } = parts;
  const values = changes.flatMap(({ path, envelope }) => [new FieldPath(...path), envelope]);
  const stamp = ["updated_at", clock.now(), "revision", FieldValue.increment(1)];
  const unchanged = { lastUpdateTime: read.updateTime };
  await database.run(() => read.ref.update("updated_by", by, ...stamp, ...values, unchanged));
}

function inspiteOfHiccups<T>(ask: () => Promise<T>): Promise<T> {
  return pRetry(ask, { retries: 2, minTimeout: 200, shouldRetry: ({ error }) => isOutage(error) });
}

function unwritten(outcome: SalonOutcome, changes: readonly Change[], error: unknown): SalonOutcome {
  const why = isStale(error) ? "its document changes all the time" : wordsOf(error);
  const problems = changes.map(({ path }) => `${path.join(".")}: ${why}`);
  return {
    ...outcome,
    rewritten: 0,
    problems: [...outcome.problems, ...problems],
    outage: outcome.outage || isOutage(error),
  };
}

function isOutage(error: unknown): boolean {
  return error instanceof AppError && error.retry;
}
