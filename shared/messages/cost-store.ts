import type { DocumentReference } from "firebase-admin/firestore";
import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { UsageKind } from "#shared/ledger/rate-card.ts";
import { type Further, LedgerRow, ledgerRowId, priceOf, recountOf, reversalOf } from "#shared/ledger/row.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import { OutboundMessage } from "./message.ts";

/** What Twilio says that one of its messages is worth. */
export interface SeenCost {
  /** 0 while Twilio has not counted. */
  readonly segments: number;
  /** Twilio does not charge for what it reports as `failed`. */
  readonly failed: boolean;
  readonly price: { readonly micros: number; readonly currency: string } | undefined;
}

export interface Recorded {
  readonly recounted: boolean;
  readonly priced: boolean;
}

export interface MessageCosts {
  /**
   * Brings a message's ledger rows and the record of its attempt up to what Twilio says, each thing once. Nothing where
   * the message was never charged.
   */
  record(salonId: SalonId, kind: UsageKind, twilioSid: string, seen: SeenCost): Promise<Recorded>;
}

const NOTHING: Recorded = { recounted: false, priced: false };

/** The ledger is append-only: what is mended is a further row, whose id lets it be written once. */
export function createMessageCosts(database: Database, clock: Clock): MessageCosts {
  return {
    record: (salonId, kind, twilioSid, seen) =>
      database.transact(async (transaction, firestore) => {
        const rows = firestore.collection("salons").doc(salonId).collection("usage_ledger");
        const idOf = (further?: Further) => ledgerRowId(twilioSid, kind, further);
        const [charge, recount, undone, priced] = await readRows(transaction, [
          rows.doc(idOf()),
          rows.doc(idOf("segments")),
          rows.doc(idOf("segments_reversal")),
          rows.doc(idOf("price")),
        ]);
        if (charge === undefined) return NOTHING;
        const now = clock.now();
        const add = (further: Further, row: LedgerRow) => transaction.create(rows.doc(idOf(further)), row);

        const recounts = recount === undefined && !seen.failed && isMiscounted(charge, seen.segments);
        if (recounts) add("segments", recountOf(charge, seen.segments, now));
        // The reversal of a failed message takes back what was charged at first; this takes back the rest.
        const undoes = recount !== undefined && undone === undefined && seen.failed;
        if (undoes) add("segments_reversal", reversalOf(recount, now));
        const prices = seen.price !== undefined && priced === undefined;
        if (prices && seen.price !== undefined) add("price", priceOf(charge, seen.price, now));

        if (charge.message_id !== null)
          await note(transaction, firestore.collection("messages").doc(charge.message_id), twilioSid, seen);
        return { recounted: recounts || undoes, priced: prices };
      }),
  };

  /** On the message's own record, as long as there is one. */
  async function note(
    transaction: Transaction,
    reference: DocumentReference,
    twilioSid: string,
    { price, segments }: SeenCost,
  ): Promise<void> {
    const snapshot = await transaction.get(reference);
    if (snapshot.get("direction") !== "outbound") return;
    const message = parseDocument(OutboundMessage, reference.path, snapshot.data());
    const index = message.attempts.findIndex(({ sid }) => sid === twilioSid);
    const attempt = message.attempts[index];
    if (attempt === undefined) return;
    const isLast = index === message.attempts.length - 1;
    const noted: OutboundMessage = {
      ...message,
      segments: isLast && segments > 0 ? segments : message.segments,
      attempts: message.attempts.with(index, { ...attempt, price: attempt.price ?? price ?? null }),
    };
    const isNews = noted.segments !== message.segments || (attempt.price === null && price !== undefined);
    if (isNews) transaction.set(reference, noted);
  }
}

/** Whether Twilio counts other segments than were charged; WhatsApp goes by the message. */
export function isMiscounted({ kind, quantity }: LedgerRow, segments: number): boolean {
  const bySegment = kind === "sms_outbound" || kind === "sms_inbound";
  return bySegment && segments > 0 && segments !== quantity;
}

async function readRows(
  transaction: Transaction,
  references: readonly DocumentReference[],
): Promise<(LedgerRow | undefined)[]> {
  const snapshots = await transaction.getAll(...references);
  return snapshots.map((each) =>
    each.exists ? parseDocument(LedgerRow, "usage_ledger", each.data()) : undefined,
  );
}
