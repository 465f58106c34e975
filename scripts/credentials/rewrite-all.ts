import { FieldPath } from "firebase-admin/firestore";
import type { Database } from "#shared/runtime/database.ts";
import { type RewriteParts, rewriteSalon, type SalonOutcome } from "./rewrite-salon.ts";

export interface Walk extends RewriteParts {
  /** The salon after which to begin, where an earlier run ended. */
  readonly after?: string | undefined;
  readonly pageSize: number;
  /** Gets lines for the operator: counts and salon ids, never anything of a credential. */
  readonly print: (line: string) => void;
}

export interface Summary {
  readonly salons: number;
  readonly envelopes: number;
  readonly rewritten: number;
  /** One line a credential that stays as it was although it should not. */
  readonly problems: readonly string[];
  /** Where to go on when an outage ended the run early. */
  readonly stoppedAfter?: string;
}

/** How many salons at once: enough to hide Cloud KMS's latency, far below its quota. */
const AT_ONCE = 8;
/** So many salons in a row that meet an outage end the run; fewer may be one bad document each. */
const OUTAGES = 5;

/**
 * Goes through `salon_integrations` in the order of salon ids. It may be ended at any moment and run again: what is
 * rewritten stays, and is not rewritten twice. An outage of Cloud KMS or Firestore ends it.
 */
export async function rewriteAll(walk: Walk): Promise<Summary> {
  const { database, pageSize, print } = walk;
  const done: SalonOutcome[] = [];
  let after = walk.after;
  let row: { begunAfter: string | undefined; length: number } = { begunAfter: after, length: 0 };
  let page = await readPage(database, after, pageSize);
  while (page.length > 0) {
    for (let from = 0; from < page.length; from += AT_ONCE) {
      const group = page.slice(from, from + AT_ONCE);
      const outcomes = await Promise.all(group.map((snapshot) => rewriteSalon(walk, snapshot)));
      done.push(...outcomes);
      for (const { salonId, problems, outage, rewritten } of outcomes) {
        for (const problem of problems) print(`${salonId}: ${problem}`);
        if (row.length === 0 || rewritten > 0) row = { begunAfter: after, length: 0 };
        if (outage) row.length += 1;
        after = salonId;
      }
      if (row.length >= OUTAGES) return { ...sum(done), stoppedAfter: row.begunAfter ?? "" };
    }
    print(`${done.length} salons seen; go on from here with --after ${after}`);
    page = await readPage(database, after, pageSize);
  }
  return sum(done);
}

async function readPage(database: Database, after: string | undefined, size: number) {
  const { docs } = await database.run((firestore) => {
    const ordered = firestore.collection("salon_integrations").orderBy(FieldPath.documentId()).limit(size);
    return (after === undefined ? ordered : ordered.startAfter(after)).get();
  });
  return docs;
}

function sum(outcomes: readonly SalonOutcome[]): Summary {
  const total = (count: (outcome: SalonOutcome) => number) =>
    outcomes.reduce((before, outcome) => before + count(outcome), 0);
  return {
    salons: outcomes.length,
    envelopes: total(({ envelopes }) => envelopes),
    rewritten: total(({ rewritten }) => rewritten),
    problems: outcomes.flatMap(({ salonId, problems }) =>
      problems.map((problem) => `${salonId}: ${problem}`),
    ),
  };
}
