import type { DocumentReference } from "firebase-admin/firestore";
import type { Clock } from "#shared/core/clock.ts";
import type { MessageId, SalonId } from "#shared/core/ids.ts";
import { LedgerRow } from "#shared/ledger/row.ts";
import { type Database, isAlreadyExists } from "#shared/runtime/database.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import { parseDocument } from "#shared/salons/cached-documents.ts";
import { type Entry, outboundEntry, reversalEntry } from "./billing.ts";
import { OutboundMessage } from "./message.ts";
import {
  announced,
  claimed,
  failedWith,
  heldFor,
  judged,
  type NewAttempt,
  type Report,
  type Reported,
  readiness,
  reported,
  type Verdict,
} from "./transitions.ts";

/** The outbound messages in Firestore: each change reads, decides by `transitions.ts` and writes in one transaction. */
export interface OutboundMessages {
  get(id: MessageId): Promise<OutboundMessage | undefined>;
  /** Stores a new message, or gives the one that stands under its id already. */
  create(message: OutboundMessage): Promise<{ created: boolean; message: OutboundMessage }>;
  /** Takes the message for sending; undefined when another worker has it or there is nothing to send. */
  claim(id: MessageId, attempt: NewAttempt, leaseSeconds: number): Promise<OutboundMessage | undefined>;
  /** Records what Twilio says of an attempt, and its ledger row. `taken`: the SID is another message's. */
  report(id: MessageId, attempt: number, report: Report): Promise<Reported | { outcome: "taken" }>;
  /** Closes an attempt that Twilio did not take; undefined when the message has moved on meanwhile. */
  judge(id: MessageId, attempt: number, verdict: Verdict): Promise<OutboundMessage | undefined>;
  /** Puts off or ends a message that no attempt was made for. */
  hold(id: MessageId, reason: "provisioning" | "retry", until: Date): Promise<OutboundMessage | undefined>;
  fail(id: MessageId, failure: NonNullable<OutboundMessage["failure"]>): Promise<OutboundMessage | undefined>;
  expire(id: MessageId): Promise<OutboundMessage | undefined>;
  /** Clears what is due once everybody has been told. */
  markAnnounced(id: MessageId): Promise<void>;
}

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
      if (next !== undefined) transaction.set(reference(id), next);
      return next;
    });

  const unlessBegun =
    (build: (now: Date) => Partial<OutboundMessage>) => (message: OutboundMessage, now: Date) =>
      ["send", "expire"].includes(readiness(message, now))
        ? { ...message, ...build(now), updated_at: now }
        : undefined;

  return {
    async get(id) {
      const snapshot = await database.run(() => reference(id).get());
      return snapshot.get("direction") === "outbound" ? parse(id, snapshot.data()) : undefined;
    },
    async create(message) {
      try {
        await database.run(() => reference(message.id).create(message));
        return { created: true, message };
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        const snapshot = await database.run(() => reference(message.id).get());
        return { created: false, message: parse(message.id, snapshot.data()) };
      }
    },
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
        if (result.outcome !== "moved" && result.outcome !== "noted") return result;

        const entry = outboundEntry(result.message, attemptNumber, now);
        if (entry !== undefined) {
          const adopts = message.attempts[attemptNumber - 1]?.sid === null;
          const written = await readRow(transaction, ledger(message.salon_id, entry.id));
          if (adopts && written !== undefined && written.message_id !== id) return { outcome: "taken" };
          const due = entriesDue(entry, { adopts, written, failed: report.state === "failed", now });
          for (const { id: rowId, row } of due) transaction.create(ledger(message.salon_id, rowId), row);
        }
        transaction.set(reference(id), result.message);
        return result;
      }),
    judge: (id, attempt, verdict) => change(id, (message, now) => judged(message, attempt, verdict, now)),
    hold: (id, reason, until) =>
      change(
        id,
        unlessBegun(() => heldFor(reason, until)),
      ),
    fail: (id, failure) =>
      change(
        id,
        unlessBegun((now) => failedWith(failure, now)),
      ),
    expire: (id) =>
      change(
        id,
        unlessBegun((now) => ({ state: "expired", hold_reason: null, due_at: now })),
      ),
    async markAnnounced(id) {
      await change(id, (message) => (message.due_at === undefined ? undefined : announced(message)));
    },
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
