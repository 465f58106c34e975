import type { QueryDocumentSnapshot } from "firebase-admin/firestore";
import type { Audit } from "#shared/audit/audit.ts";
import { eraseSalts, type RequestOrigin } from "#shared/audit/commitment.ts";
import type { AuditActor, AuditHead } from "#shared/audit/entry.ts";
import { logAuditHead } from "#shared/audit/head-log.ts";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError, toAppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { createNotification } from "#shared/notifications/create-notification.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/salons/cached-documents.ts";
import { SalonIntegration } from "#shared/salons/integration.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { type CollectionName, salonPage } from "./documents.ts";
import {
  CACHES_SECONDS,
  type Erasure,
  type ErasureStep,
  finished,
  interrupted,
  isPatienceOver,
  isPutOff,
  newErasure,
  pageRedacted,
  passEnded,
  type Redacted,
  running,
  stepped,
  waiting,
} from "./erasure.ts";
import { createErasureStore } from "./erasure-store.ts";
import { createIntegrationChange } from "./integration-change.ts";
import { closed, withoutCredentials } from "./integration-erasure.ts";
import { arrivedLate, givenUp, isMarked, markOf, type RedactionAccounts, redact } from "./redaction.ts";
import { redactionAccounts } from "./redaction-accounts.ts";

export interface ErasureDeps {
  readonly database: Database;
  readonly audit: Pick<Audit, "append">;
  readonly vault: Pick<Vault, "open">;
  readonly twilio: Pick<Twilio, "account">;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly newHolder: () => string;
}

export interface ErasureLimits {
  /** Messages redacted between two commits. */
  readonly redactPageSize: number;
  /** Requests to Twilio at once. */
  readonly redactAtOnce: number;
  /** Documents deleted in one commit, 499 at most. */
  readonly deletePageSize: number;
  /** After this a run stops between two pages, and is due again at once. */
  readonly budgetSeconds: number;
}

const LIMITS: ErasureLimits = {
  redactPageSize: 40,
  redactAtOnce: 8,
  deletePageSize: 300,
  budgetSeconds: 240,
};

export interface EraseRequest {
  readonly actor: AuditActor;
  /** For the mail to the owner: "at the request of …". */
  readonly name?: string | undefined;
  readonly origin?: RequestOrigin | undefined;
}

export interface Erasures {
  /**
   * Begins the erasure of a salon's data and switches its messaging off, audited, in one commit. One that is under way
   * is given as it is. It cannot be called back.
   */
  request(salonId: SalonId, by: EraseRequest): Promise<Erasure>;
  /** Goes on as far as it gets now; undefined when it is not due, done, or another worker has it. */
  proceed(salonId: SalonId): Promise<Erasure | undefined>;
  get(salonId: SalonId): Promise<Erasure | undefined>;
  /** Salons whose erasure goes on now. */
  due(limit: number): Promise<SalonId[]>;
}

/** Customers' data, in the order in which it goes. The ledger and the months stay: nothing in them is personal. */
const PERSONAL = ["messages", "calls", "contacts", "threads", "outbox"] as const satisfies CollectionName[];
const SERVICE: AuditActor = { kind: "service", id: "maintain-salons" };
/** Failures in a row after which a person should look. */
const STUCK = 10;

/** Erases what is kept about a salon, step by step, each commit with how far the job is: see `ErasureStep`. */
export function createErasures(deps: ErasureDeps, limits: ErasureLimits = LIMITS): Erasures {
  const { database, audit, clock, logger } = deps;
  const store = createErasureStore(database, clock);
  const changeIntegration = createIntegrationChange({ database, audit, clock });

  const steps: Record<ErasureStep, (job: Erasure, accountsOf: AccountsOf) => Promise<Erasure>> = {
    redact: redactPage,
    destroy_keys: destroyKeys,
    delete: deletePage,
    async erase_salts(job) {
      const erased = await eraseSalts(database, job.salon_id);
      const next = { ...job, salts_erased: job.salts_erased + erased };
      return store.commit(job, stepped(next, "tell", clock.now()));
    },
    tell,
  };

  return {
    async request(salonId, { actor, name = null, origin }) {
      let head: AuditHead | undefined;
      const job = await database.transact(async (transaction) => {
        head = undefined;
        const known = await store.readWithin(transaction, salonId);
        if (known !== undefined && known.state !== "done") return known;
        const begins = newErasure({ salonId, actor, name }, clock.now());
        const record = { actor, ...(origin === undefined ? {} : { request: origin }) };
        head = await changeIntegration(transaction, salonId, { ...record, action: "suspended" }, (was) =>
          closed(was, actor.id ?? actor.kind, clock.now()),
        );
        store.writeWithin(transaction, begins);
        return begins;
      });
      if (head !== undefined) logAuditHead(logger, head);
      return job;
    },
    async proceed(salonId) {
      const until = plusSeconds(clock.now(), limits.budgetSeconds);
      const held = await store.begin(salonId, deps.newHolder());
      if (held === undefined) return undefined;
      let job: Erasure = held;
      const accountsOf = once(() => readAccounts(salonId));
      try {
        while (job.state === "running" && clock.now() <= until) {
          const step: ErasureStep = job.step;
          job = await steps[step](job, accountsOf);
          if (job.step !== step || job.state === "done") logger.info("erasure step done", { salonId, step });
        }
        return job.state === "running" ? await store.commit(job, waiting(job, 0, clock.now())) : job;
      } catch (error) {
        const { code } = toAppError(error);
        if (code === "conflict") return undefined;
        // A page may have been committed before the failure.
        const known = (await store.get(salonId)) ?? job;
        const put = await store.commit(job, interrupted(known, error, clock.now()));
        const message = put.failures < STUCK ? "erasure interrupted" : "erasure is stuck";
        logger[put.failures < STUCK ? "warn" : "error"](message, { salonId, step: put.step, error });
        return put;
      }
    },
    get: store.get,
    due: store.due,
  };

  async function readAccounts(salonId: SalonId): Promise<RedactionAccounts> {
    const reference = database.firestore.collection("salon_integrations").doc(salonId);
    const snapshot = await database.run(() => reference.get());
    const integration = snapshot.exists
      ? parseDocument(SalonIntegration, reference.path, snapshot.data())
      : undefined;
    return redactionAccounts(deps, salonId, integration);
  }

  async function redactPage(job: Erasure, accountsOf: AccountsOf): Promise<Erasure> {
    const { after } = job.redaction;
    const size = limits.redactPageSize;
    const page = await salonPage(database, job.salon_id, "messages", { after, size });
    const isLast = page.length < size;
    const left = page.filter((document) => !isMarked(document));
    const { outcomes, outage } = await redactAll(job, left, await accountsOf());
    const reached = outage ? (left[outcomes.length - 1]?.id ?? after) : (page.at(-1)?.id ?? after);
    const counted = pageRedacted(job, reached, outcomes, clock.now());
    const next = isLast && !outage ? passEnded(counted, clock.now()) : counted;
    const marks = new Map(outcomes.map((outcome, index) => [left[index]?.ref, outcome]));
    const committed = await store.commit(job, next, async (transaction) => {
      const marked = [...marks].flatMap(([reference, outcome]) =>
        reference === undefined || isPutOff(outcome) ? [] : [reference],
      );
      if (marked.length === 0) return;
      for (const { exists, ref } of await transaction.getAll(...marked)) {
        const outcome = marks.get(marked.find(({ path }) => path === ref.path));
        if (exists && outcome !== undefined) transaction.merge(ref, markOf(outcome, clock.now()));
      }
    });
    if (outage)
      throw new AppError("unavailable", "Twilio did not answer.", { context: { service: "Twilio" } });
    return committed;
  }

  /** A few messages at a time; when Twilio does not answer, the rest of the page waits for the next run. */
  async function redactAll(
    job: Erasure,
    left: readonly QueryDocumentSnapshot[],
    accounts: RedactionAccounts,
  ): Promise<{ outcomes: Redacted[]; outage: boolean }> {
    const outcomes: Redacted[] = [];
    while (outcomes.length < left.length) {
      const few = left.slice(outcomes.length, outcomes.length + limits.redactAtOnce);
      const found = await Promise.all(few.map((each) => redact(each.data(), accounts, clock.now())));
      const isOver = isPatienceOver(job, clock.now());
      outcomes.push(...found.map((outcome) => (isOver ? givenUp(outcome) : outcome)));
      if (!isOver && found.includes("outage")) return { outcomes, outage: true };
    }
    return { outcomes, outage: false };
  }

  async function destroyKeys(job: Erasure): Promise<Erasure> {
    let head: AuditHead | undefined;
    const next = stepped(job, "delete", clock.now(), CACHES_SECONDS);
    const committed = await store.commit(job, next, async (transaction) => {
      const record = { actor: SERVICE, action: "disconnected" } as const;
      head = await changeIntegration(transaction, job.salon_id, record, withoutCredentials);
    });
    if (head !== undefined) logAuditHead(logger, head);
    return committed;
  }

  async function deletePage(job: Erasure): Promise<Erasure> {
    for (const name of PERSONAL) {
      const page = await salonPage(database, job.salon_id, name, { size: limits.deletePageSize });
      if (page.length === 0) continue;
      const deleted = { ...job.deleted, [name]: (job.deleted[name] ?? 0) + page.length };
      const late = name === "messages" ? page.filter((each) => arrivedLate(each, job.requested_at)) : [];
      const counted = pageRedacted(job, null, Array(late.length).fill("arrived_late"), clock.now());
      const gone = page.map(({ ref }) => ref);
      return store.commitDeleted(job, running({ ...counted, deleted }, clock.now()), gone);
    }
    return store.commit(job, stepped(job, "erase_salts", clock.now()));
  }

  /** The owner's mail, the audit and the end of the job: all of them or none. */
  async function tell(job: Erasure): Promise<Erasure> {
    let head: AuditHead | undefined;
    const committed = await store.commit(job, finished(job, clock.now()), async (transaction, firestore) => {
      const { salon_id: salonId, requested_by: actor, requested_by_name: name, requested_at } = job;
      // Whoever entered credentials meanwhile was told that the salon is being erased.
      const record = { actor, action: "data_erased" } as const;
      head = await changeIntegration(transaction, salonId, record, withoutCredentials);
      await createNotification(transaction, firestore, {
        salonId,
        kind: "data_erased",
        key: requested_at.toISOString(),
        facts: { by: name ?? actor.id ?? "the platform", at: clock.now() },
        now: clock.now(),
      });
    });
    if (head !== undefined) logAuditHead(logger, head);
    return committed;
  }
}

type AccountsOf = () => Promise<RedactionAccounts>;

/** Asks when first needed, and remembers the answer. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
