import { setTimeout as sleep } from "node:timers/promises";
import { type Firestore, initializeFirestore } from "firebase-admin/firestore";
import { withDeadline } from "#shared/core/deadline.ts";
import { AppError } from "#shared/core/errors.ts";
import { firebaseApp } from "./firebase-app.ts";
import { openTransaction, type Transaction } from "./transaction.ts";

/** Firestore with a deadline: Twilio waits 15 s for an answer, the client alone would retry for a minute. */
export interface Database {
  readonly firestore: Firestore;
  /** One or more reads or writes that need no transaction. */
  run<T>(work: (firestore: Firestore) => Promise<T>): Promise<T>;
  /** Read, compare, write. The callback may run several times, so it has no other effect. */
  transact<T>(work: (transaction: Transaction, firestore: Firestore) => Promise<T>): Promise<T>;
}

const DEADLINE_MS = 8_000;
const REMEDY = "check FIRESTORE_EMULATOR_HOST, or the project and its network";
/** How often somebody else may be faster before a transaction gives up. */
const MAX_TRIES = 20;
const BACKOFF_MS = 10;
/** gRPC codes for "the service is not there": DEADLINE_EXCEEDED, UNAVAILABLE. */
const NOT_THERE = [4, 14];
const ABORTED = 10;
const CONTENDED = "contended";

export function createDatabase(projectId: string, deadlineMs = DEADLINE_MS): Database {
  const firestore = initializeFirestore(firebaseApp(projectId));
  firestore.settings({ ignoreUndefinedProperties: true });

  const run: Database["run"] = async (work) => {
    try {
      return await withDeadline("Firestore", REMEDY, deadlineMs, work(firestore));
    } catch (error) {
      throw translate(error);
    }
  };

  const transact: Database["transact"] = async (work) => {
    for (let tries = 1; tries <= MAX_TRIES; tries += 1) {
      const transaction = openTransaction(firestore);
      const result = await work(transaction, firestore);
      try {
        await transaction.commit();
        return result;
      } catch (error) {
        if (!isStale(error) && !isAlreadyExists(error) && grpcCode(error) !== ABORTED) throw error;
        await sleep(Math.random() * BACKOFF_MS * tries);
      }
    }
    throw new AppError("unavailable", "Too many changes to one document at once; try again.", {
      context: { service: "Firestore", reason: CONTENDED },
    });
  };

  return { firestore, run, transact: (work) => run(() => transact(work)) };
}

function translate(error: unknown): unknown {
  const code = grpcCode(error);
  if (code === undefined || !NOT_THERE.includes(code)) return error;
  const context = { service: "Firestore" };
  return new AppError("unavailable", `Firestore cannot be reached; ${REMEDY}.`, { cause: error, context });
}

/** Whether a transaction gave up because others were always faster, although Firestore is there. */
export function isContended(error: unknown): boolean {
  return error instanceof AppError && error.context.reason === CONTENDED;
}

/** Whether a `create` failed because the document is there already. */
export function isAlreadyExists(error: unknown): boolean {
  return grpcCode(error) === 6;
}

/** Whether a write failed because its precondition no longer holds. */
export function isStale(error: unknown): boolean {
  const code = grpcCode(error);
  return code === 9 || code === 5;
}

function grpcCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "number" ? error.code : undefined;
}
