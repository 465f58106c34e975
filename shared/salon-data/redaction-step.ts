import type { QueryDocumentSnapshot } from "firebase-admin/firestore";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { Database } from "#shared/runtime/database.ts";
import { deleteRecordings, hasRecordings } from "./call-recordings.ts";
import { salonPage } from "./documents.ts";
import { type Erasure, endReached, isPatienceOver, pageRedacted, type Redactable } from "./erasure.ts";
import type { ErasureStore } from "./erasure-store.ts";
import { isPutOff, type Redacted } from "./redacted.ts";
import { givenUp, isMarked, markOf, type RedactionAccounts, redact } from "./redaction.ts";

interface Deps {
  readonly database: Database;
  readonly store: Pick<ErasureStore, "commit">;
  readonly clock: Clock;
}

export interface RedactionLimits {
  /** Messages or calls redacted between two commits. */
  readonly redactPageSize: number;
  /** Requests to Twilio at once. */
  readonly redactAtOnce: number;
}

interface Work {
  /** Whether Twilio may still have something of it. */
  isLeft(document: QueryDocumentSnapshot): boolean;
  redact(document: QueryDocumentSnapshot, accounts: RedactionAccounts, now: Date): Promise<Redacted>;
}

const WORK: Readonly<Record<Redactable, Work>> = {
  messages: {
    isLeft: (document) => !isMarked(document),
    redact: (document, accounts, now) => redact(document.data(), accounts, now),
  },
  calls: {
    isLeft: (document) => !isMarked(document) && hasRecordings(document),
    redact: (document, accounts) => deleteRecordings(document.id, document.data(), accounts),
  },
};

/**
 * Takes the texts of one page of messages, or the recordings of one page of calls, off Twilio and marks them, in the
 * commit that says how far the pass is.
 */
export function createRedactionStep({ database, store, clock }: Deps, limits: RedactionLimits) {
  return async (job: Erasure, accounts: RedactionAccounts): Promise<Erasure> => {
    const { of, after } = job.redaction;
    const size = limits.redactPageSize;
    const page = await salonPage(database, job.salon_id, of, { after, size });
    const isLast = page.length < size;
    const left = page.filter(WORK[of].isLeft);
    const { outcomes, outage } = await redactAll(job, left, accounts);
    const reached = outage ? (left[outcomes.length - 1]?.id ?? after) : (page.at(-1)?.id ?? after);
    const counted = pageRedacted(job, { of, after: reached, outcomes }, clock.now());
    const next = isLast && !outage ? endReached(counted, clock.now()) : counted;
    const committed = await commitMarked(job, next, left, outcomes);
    if (outage)
      throw new AppError("unavailable", "Twilio did not answer.", { context: { service: "Twilio" } });
    return committed;
  };

  /** A few at a time; when Twilio does not answer, the rest of the page waits for the next run. */
  async function redactAll(
    job: Erasure,
    left: readonly QueryDocumentSnapshot[],
    accounts: RedactionAccounts,
  ): Promise<{ outcomes: Redacted[]; outage: boolean }> {
    const work = WORK[job.redaction.of];
    const outcomes: Redacted[] = [];
    while (outcomes.length < left.length) {
      const few = left.slice(outcomes.length, outcomes.length + limits.redactAtOnce);
      const found = await Promise.all(few.map((each) => work.redact(each, accounts, clock.now())));
      const isOver = isPatienceOver(job, clock.now());
      outcomes.push(...found.map((outcome) => (isOver ? givenUp(outcome) : outcome)));
      if (!isOver && found.includes("outage")) return { outcomes, outage: true };
    }
    return { outcomes, outage: false };
  }

  function commitMarked(
    job: Erasure,
    next: Erasure,
    left: readonly QueryDocumentSnapshot[],
    outcomes: readonly Redacted[],
  ): Promise<Erasure> {
    const marks = new Map(outcomes.map((outcome, index) => [left[index]?.ref, outcome]));
    return store.commit(job, next, async (transaction) => {
      const marked = [...marks].flatMap(([reference, outcome]) =>
        reference === undefined || isPutOff(outcome) ? [] : [reference],
      );
      if (marked.length === 0) return;
      for (const { exists, ref } of await transaction.getAll(...marked)) {
        const outcome = marks.get(marked.find(({ path }) => path === ref.path));
        if (exists && outcome !== undefined) transaction.merge(ref, markOf(outcome, clock.now()));
      }
    });
  }
}
