import { z } from "zod";
import { AuditActor } from "#shared/audit/entry.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { toAppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { KEPT } from "./kept.ts";
import { isPutOff, NotRedacted, type Redacted } from "./redacted.ts";

/**
 * What erasing a salon does, in this order: a crash between two steps leaves nothing that a later step still needs
 * undone. The credentials go only when nothing more is asked of Twilio, our own documents only when no credential is
 * left that would let new ones in, and the owner is told last. With the salts go the names of who of the staff it was.
 */
export const ErasureStep = z.enum([
  "redact",
  "restore_webhooks",
  "destroy_keys",
  "delete",
  "erase_salts",
  "tell",
]);
export type ErasureStep = z.infer<typeof ErasureStep>;

/** The documents that stand for something at Twilio. */
export const Redactable = z.enum(["messages", "calls"]);
export type Redactable = z.infer<typeof Redactable>;

/** `erasures/{salonId}`: how far the erasure of a salon's data is, and afterwards what was done and what was not. */
export const Erasure = z.object({
  salon_id: SalonId,
  /** `running`: a worker has it until `due_at`. `waiting`: goes on at `due_at`. */
  state: z.enum(["waiting", "running", "done"]),
  step: ErasureStep,
  requested_by: AuditActor,
  /** For the mail to the owner; cleared when that is written. */
  requested_by_name: z.string().nullable(),
  requested_at: Instant,
  finished_at: Instant.nullable(),
  /** What became of the salon's texts and recordings at Twilio. */
  redaction: z.object({
    /** What this pass is at: the messages first, then the calls. */
    of: Redactable.default("messages"),
    /** The last one of them that it looked at. */
    after: z.string().nullable(),
    passes: z.int(),
    /** Messages, by what became of their text. */
    redacted: z.int(),
    never_sent: z.int(),
    not_redacted: z.partialRecord(NotRedacted, z.int()),
    /** Calls, by what became of their recordings; without those that have none. */
    recordings: z
      .object({ deleted: z.int(), not_deleted: z.partialRecord(NotRedacted, z.int()) })
      .prefault({ deleted: 0, not_deleted: {} }),
    /** In this pass: to be tried again, so another pass follows. */
    unfinished: z.int(),
  }),
  /** Why the number of the salon's own account still leads to us, as a code; null when it does not. */
  webhooks_not_restored: z.string().nullable().default(null),
  /** Documents by collection. */
  deleted: z.record(z.string(), z.int()),
  salts_erased: z.int(),
  /** What stays on purpose, in words. */
  kept: z.array(z.object({ what: z.string(), why: z.string() })),
  /** In a row. */
  failures: z.int(),
  last_error: z.object({ step: ErasureStep, code: z.string(), at: Instant }).nullable(),
  lease: z.object({ holder: z.string(), until: Instant }).nullable(),
  due_at: Instant.optional(),
  updated_at: Instant,
});
export type Erasure = z.infer<typeof Erasure>;

/** For one page; committing it renews the lease. */
export const LEASE_SECONDS = 300;
/** Longer than instances keep an integration (30 s), so that nobody sends or verifies with what is no longer there. */
export const CACHES_SECONDS = 60;
/** Twilio finishes a message within 14 days at the latest, and the law gives us a month. */
export const PATIENCE_SECONDS = 14 * 86_400;
const LONGEST_WAIT_SECONDS = 3_600;

export interface ErasureRequest {
  readonly salonId: SalonId;
  readonly actor: AuditActor;
  readonly name: string | null;
}

/** The job as it begins, once the caches of who still sends are out of date. */
export function newErasure({ salonId, actor, name }: ErasureRequest, now: Date): Erasure {
  return {
    salon_id: salonId,
    state: "waiting",
    step: "redact",
    requested_by: actor,
    requested_by_name: name,
    requested_at: now,
    finished_at: null,
    redaction: {
      of: "messages",
      after: null,
      passes: 0,
      redacted: 0,
      never_sent: 0,
      not_redacted: {},
      recordings: { deleted: 0, not_deleted: {} },
      unfinished: 0,
    },
    webhooks_not_restored: null,
    deleted: {},
    salts_erased: 0,
    kept: [...KEPT],
    failures: 0,
    last_error: null,
    lease: null,
    due_at: plusSeconds(now, CACHES_SECONDS),
    updated_at: now,
  };
}

/** The job of a worker that may begin or take over now; undefined when it is not due, or done. */
export function begun(job: Erasure, holder: string, now: Date): Erasure | undefined {
  if (job.state === "done" || (job.due_at !== undefined && job.due_at > now)) return undefined;
  return running({ ...job, lease: { holder, until: now } }, now);
}

/** Still the same worker's, with a lease as long as at the beginning. */
export function running(job: Erasure, now: Date): Erasure {
  const until = plusSeconds(now, LEASE_SECONDS);
  const lease = job.lease === null ? null : { ...job.lease, until };
  return { ...job, state: "running", lease, due_at: until, updated_at: now };
}

export function waiting(job: Erasure, seconds: number, now: Date): Erasure {
  return { ...job, state: "waiting", lease: null, due_at: plusSeconds(now, seconds), updated_at: now };
}

/** The next step, for the same worker at once, or for whoever comes when the caches are out of date. */
export function stepped(job: Erasure, step: ErasureStep, now: Date, waitSeconds = 0): Erasure {
  const next = { ...job, step, failures: 0, last_error: null };
  return waitSeconds > 0 ? waiting(next, waitSeconds, now) : running(next, now);
}

export interface RedactedPage {
  readonly of: Redactable;
  /** The one it ended at. */
  readonly after: string | null;
  readonly outcomes: readonly Redacted[];
}

/** Counts what a page came to. */
export function pageRedacted(job: Erasure, { of, after, outcomes }: RedactedPage, now: Date): Erasure {
  const count = (wanted: Redacted) => outcomes.filter((outcome) => outcome === wanted).length;
  const { redaction } = job;
  const { redacted, never_sent, not_redacted, recordings } = redaction;
  const counted =
    of === "messages"
      ? {
          redacted: redacted + count("redacted"),
          never_sent: never_sent + count("never_sent"),
          not_redacted: plusReasons(not_redacted, outcomes),
        }
      : {
          recordings: {
            deleted: recordings.deleted + count("redacted"),
            not_deleted: plusReasons(recordings.not_deleted, outcomes),
          },
        };
  const unfinished = redaction.unfinished + outcomes.filter(isPutOff).length;
  return running({ ...job, redaction: { ...redaction, ...counted, after, unfinished } }, now);
}

type Reasons = Erasure["redaction"]["not_redacted"];

function plusReasons(known: Reasons, outcomes: readonly Redacted[]): Reasons {
  const sum = { ...known };
  for (const outcome of outcomes) {
    const reason = NotRedacted.safeParse(outcome).data;
    if (reason !== undefined) sum[reason] = (sum[reason] ?? 0) + 1;
  }
  return sum;
}

/**
 * Behind the last message come the calls. Behind the last call comes another pass for what was put off, later each
 * time, else the next step.
 */
export function endReached(job: Erasure, now: Date): Erasure {
  const { redaction } = job;
  if (redaction.of === "messages")
    return running({ ...job, redaction: { ...redaction, of: "calls", after: null } }, now);
  const passes = redaction.passes + 1;
  const begins = { of: "messages", after: null, passes, unfinished: 0 } as const;
  const ended = { ...job, redaction: { ...redaction, ...begins } };
  if (redaction.unfinished === 0) return stepped(ended, "restore_webhooks", now);
  // Twilio asks for a minute at least (20009).
  return waiting(ended, backoff(passes), now);
}

/** After a step that went wrong. It is never given up: the law wants it done, and the log says that it is stuck. */
export function interrupted(job: Erasure, error: unknown, now: Date): Erasure {
  const failures = job.failures + 1;
  const last_error = { step: job.step, code: toAppError(error).code, at: now };
  return waiting({ ...job, failures, last_error }, backoff(failures), now);
}

function backoff(times: number): number {
  return Math.min(LONGEST_WAIT_SECONDS, 60 * 2 ** times);
}

export function isPatienceOver(job: Pick<Erasure, "requested_at">, now: Date): boolean {
  return now > plusSeconds(job.requested_at, PATIENCE_SECONDS);
}

export function finished({ due_at: _, ...job }: Erasure, now: Date): Erasure {
  return {
    ...job,
    state: "done",
    requested_by_name: null,
    finished_at: now,
    lease: null,
    failures: 0,
    last_error: null,
    updated_at: now,
  };
}
