import type { DocumentReference } from "firebase-admin/firestore";
import type { Clock } from "#shared/core/clock.ts";
import type { MessageId, SalonId } from "#shared/core/ids.ts";
import { LedgerRow } from "#shared/ledger/row.ts";
import { createNotification } from "#shared/notifications/create-notification.ts";
import { type Database, isAlreadyExists } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import { lastFailure } from "./after-failure.ts";
import { type Entry, outboundEntry, outboundRowId, reversalEntry } from "./billing.ts";
import { noticesOf } from "./failure-notices.ts";
import { fallenBack } from "./fallback.ts";
import { type Failure, type HoldReason, OutboundMessage } from "./message.ts";
import { type Report, type Reported, reported } from "./reports.ts";
import {
  canceled,
  claimed,
  ended,
  heldFor,
  judged,
  type NewAttempt,
  readiness,
  resent,
  type Verdict,
} from "./transitions.ts";

/** The outbound messages in Firestore: each change reads, decides by `transitions.ts` and writes in one transaction. */
export interface OutboundMessages {
  get(id: MessageId): Promise<OutboundMessage | undefined>;
  /** Those of them that there are. */
  getAll(ids: readonly MessageId[]): Promise<OutboundMessage[]>;
  /** Stores a new message, or gives the one that stands under its id already. */
  create(message: OutboundMessage): Promise<{ created: boolean; message: OutboundMessage }>;
  /** The same for many at once, in their order. */
  createAll(messages: readonly OutboundMessage[]): Promise<{ created: boolean; message: OutboundMessage }[]>;
  /** Takes the message for sending; undefined when another worker has it or there is nothing to send. */
  claim(id: MessageId, attempt: NewAttempt, leaseSeconds: number): Promise<OutboundMessage | undefined>;
  /** Records what Twilio says of an attempt, and its ledger row. `taken`: the SID is another message's. */
  report(id: MessageId, attempt: number, report: Report): Promise<Reported | { outcome: "taken" }>;
  /** Closes an attempt that Twilio did not take; undefined when the message has moved on meanwhile. */
  judge(id: MessageId, attempt: number, verdict: Verdict): Promise<OutboundMessage | undefined>;
  /** Puts off, turns aside or ends a message that no attempt was made for. */
  hold(id: MessageId, reason: HoldReason, until: Date): Promise<OutboundMessage | undefined>;
  fallBack(id: MessageId, failure: Failure): Promise<OutboundMessage | undefined>;
  fail(id: MessageId, failure: Failure): Promise<OutboundMessage | undefined>;
  expire(id: MessageId): Promise<OutboundMessage | undefined>;
  /** Calls back what has not gone out; undefined when it has, or ended already. */
  cancel(id: MessageId): Promise<OutboundMessage | undefined>;
  /** Makes a message due again that ended without arriving; undefined when it has not. */
  resend(id: MessageId): Promise<OutboundMessage | undefined>;
}

const MAX_WRITE_ATTEMPTS = 5;

export function createOutboundMessages(database: Database, clock: Clock): OutboundMessages {
  const reference = (id: MessageId) => database.firestore.collection("messages").doc(id);
  const ledger = (salonId: SalonId, id: string) =>
    database.firestore.collection("salons").doc(salonId).collection("usage_ledger").doc(id);

  const parse = (id: MessageId, data: unknown) => parseDocument(OutboundMessage, `messages/${id}`, data);
  const read = async (transaction: Transaction, id: MessageId) => {
    const snapshot = await transaction.get(reference(id));
    return snapshot.get("direction") === "outbound" ? parse(id, snapshot.data()) : undefined;
  };

  /** One read-decide-write; a decision of undefined writes nothing. */
  const change = (
    id: MessageId,
    decide: (message: OutboundMessage, now: Date) => OutboundMessage | undefined,
  ) =>
    database.transact(async (transaction) => {
      const message = await read(transaction, id);
      const next = message === undefined ? undefined : decide(message, clock.now());
      if (message === undefined || next === undefined) return undefined;
      await tell(transaction, message, next);
      transaction.set(reference(id), next);
      return next;
    });

  /** Whoever can do something about an end is told of it in the same commit. */
  const tell = async (
    transaction: Transaction,
    before: OutboundMessage,
    after: OutboundMessage,
    doubled = false,
  ) => {
    for (const notification of noticesOf(before, after, doubled, clock.now()))
      await createNotification(transaction, database.firestore, notification);
  };

  const unlessBegun =
    (next: (message: OutboundMessage, now: Date) => OutboundMessage) =>
    (message: OutboundMessage, now: Date) =>
      ["send", "expire"].includes(readiness(message, now))
        ? { ...next(message, now), updated_at: now }
        : undefined;

  /** Whether `write` stored the message; else the one that stands under its id. */
  const created = async (message: OutboundMessage, write: Promise<unknown>) => {
    try {
      await write;
      return { created: true, message };
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
      const snapshot = await database.run(() => reference(message.id).get());
      return { created: false, message: parse(message.id, snapshot.data()) };
    }
  };

  return {
    async get(id) {
      const snapshot = await database.run(() => reference(id).get());
      return snapshot.get("direction") === "outbound" ? parse(id, snapshot.data()) : undefined;
    },
    async getAll(ids) {
      if (ids.length === 0) return [];
      const snapshots = await database.run((firestore) => firestore.getAll(...ids.map(reference)));
      return snapshots.flatMap((snapshot, index) => {
        const id = ids[index];
        return id !== undefined && snapshot.get("direction") === "outbound"
          ? [parse(id, snapshot.data())]
          : [];
      });
    },
    create: (message) =>
      created(
        message,
        database.run(() => reference(message.id).create(message)),
      ),
    createAll: (messages) =>
      database.run(async (firestore) => {
        const writer = firestore.bulkWriter({ throttling: false });
        writer.onWriteError((error) => error.failedAttempts < MAX_WRITE_ATTEMPTS && !isAlreadyExists(error));
        const stored = messages.map((message) =>
          created(message, writer.create(reference(message.id), message)),
        );
        await Promise.all([writer.close(), ...stored]);
        return Promise.all(stored);
      }),
    claim: (id, attempt, leaseSeconds) =>
      change(id, (message, now) =>
        readiness(message, now) === "send" ? claimed(message, attempt, now, leaseSeconds) : undefined,
      ),
    report: (id, attemptNumber, report) =>
      database.transact(async (transaction) => {
        const now = clock.now();
        const message = await read(transaction, id);
        if (message === undefined) return { outcome: "unknown" };
        const result = reported(message, attemptNumber, report, now);
        if (result.outcome === "foreign") {
          // Two same texts to one person may have taken each other's SIDs; then each is there once.
          const row = await readRow(
            transaction,
            ledger(message.salon_id, outboundRowId(message, attemptNumber, report.sid)),
          );
          if (row !== undefined && row.message_id !== id) return { outcome: "taken" };
          await tell(transaction, message, message, true);
        }
        if (!("message" in result)) return result;

        const entry = outboundEntry(result.message, attemptNumber, now);
        if (entry !== undefined) {
          const adopts = message.attempts[attemptNumber - 1]?.sid === null;
          const written = await readRow(transaction, ledger(message.salon_id, entry.id));
          if (adopts && written !== undefined && written.message_id !== id) return { outcome: "taken" };
          const due = entriesDue(entry, { adopts, written, failed: report.state === "failed", now });
          for (const { id: rowId, row } of due) transaction.create(ledger(message.salon_id, rowId), row);
        }
        transaction.set(reference(id), result.message);
        await tell(transaction, message, result.message, result.outcome === "doubled");
        return result;
      }),
    judge: (id, attempt, verdict) => change(id, (message, now) => judged(message, attempt, verdict, now)),
    hold: (id, reason, until) =>
      change(
        id,
        unlessBegun((message) => ({ ...message, ...heldFor(reason, until) })),
      ),
    fallBack: (id, failure) =>
      change(
        id,
        unlessBegun((message, now) => ({ ...message, ...fallenBack(failure, now) })),
      ),
    fail: (id, failure) =>
      change(
        id,
        unlessBegun((message) => ended(message, "failed", { failure })),
      ),
    expire: (id) =>
      change(
        id,
        unlessBegun((message) =>
          ended(message, "expired", { failure: message.failure ?? lastFailure(message) }),
        ),
      ),
    cancel: (id) => change(id, canceled),
    resend: (id) => change(id, resent),
  };
}

interface EntryContext {
  readonly adopts: boolean;
  readonly written: LedgerRow | undefined;
  readonly failed: boolean;
  readonly now: Date;
}

/**
 * A message Twilio has taken is charged once; one that it reports as failed is taken back once. Even if that is the
 * first we hear of it both rows are written, since the first one also says whose the SID is.
 */
function entriesDue(entry: Entry, { adopts, written, failed, now }: EntryContext): Entry[] {
  const charge = adopts && written === undefined ? [entry] : [];
  const charged = written === undefined ? charge[0] : { id: entry.id, row: written };
  return failed && charged !== undefined ? [...charge, reversalEntry(charged, now)] : charge;
}

async function readRow(
  transaction: Transaction,
  reference: DocumentReference,
): Promise<LedgerRow | undefined> {
  const snapshot = await transaction.get(reference);
  return snapshot.exists ? parseDocument(LedgerRow, "usage_ledger", snapshot.data()) : undefined;
}
