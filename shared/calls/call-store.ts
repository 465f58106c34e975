import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { type LedgerRow, ledgerRow, ledgerRowId } from "#shared/ledger/row.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/salons/cached-documents.ts";
import { billableMinutes, Call, type CallState, callMovesOn } from "./call.ts";

export interface CallReport {
  readonly salonId: SalonId;
  readonly callSid: string;
  readonly account: string;
  readonly direction: Call["direction"];
  readonly party: string;
  readonly state: CallState;
  readonly durationSeconds: number | undefined;
  readonly timeZone: string;
  readonly billedTo: LedgerRow["billed_to"];
}

export interface Calls {
  /**
   * Records where a call is, and its minutes in the ledger once it has ended. Reports may come first, twice or late;
   * `forbidden` means that the call is another salon's.
   */
  report(report: CallReport): Promise<"moved" | "stale" | "forbidden">;
}

export function createCalls(database: Database, clock: Clock): Calls {
  return {
    report: (report) =>
      database.transact(async (transaction, firestore) => {
        const reference = firestore.collection("calls").doc(report.callSid);
        const snapshot = await transaction.get(reference);
        const known = snapshot.exists ? parseDocument(Call, reference.path, snapshot.data()) : undefined;
        if (known !== undefined && known.salon_id !== report.salonId) return "forbidden";
        if (known !== undefined && !callMovesOn(known.state, report.state)) return "stale";

        const now = clock.now();
        const call: Call = {
          salon_id: report.salonId,
          account: report.account,
          direction: report.direction,
          party: report.party,
          state: report.state,
          duration_seconds: report.durationSeconds ?? known?.duration_seconds ?? null,
          started_at: known?.started_at ?? now,
          updated_at: now,
        };
        transaction.set(reference, call);
        const minutes = billableMinutes(call);
        if (minutes > 0) {
          const kind = call.direction === "inbound" ? "voice_inbound" : "voice_outbound";
          const row = ledgerRow({
            salonId: report.salonId,
            kind,
            quantity: minutes,
            twilioSid: report.callSid,
            account: report.account,
            billedTo: report.billedTo,
            timeZone: report.timeZone,
            at: now,
          });
          const rows = firestore.collection("salons").doc(report.salonId).collection("usage_ledger");
          transaction.create(rows.doc(ledgerRowId(report.callSid, kind)), row);
        }
        return "moved";
      }),
  };
}
