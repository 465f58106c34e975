import type { Firestore } from "firebase-admin/firestore";
import type { SalonId } from "#shared/core/ids.ts";
import { type LedgerRow, ledgerRow, ledgerRowId } from "#shared/ledger/row.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";

export interface EndedCall {
  readonly salonId: SalonId;
  readonly callSid: string;
  readonly call: {
    readonly direction: "inbound" | "outbound";
    readonly state: string;
    readonly duration_seconds: number | null;
  };
  readonly account: string;
  readonly billedTo: LedgerRow["billed_to"];
  readonly timeZone: string;
  readonly at: Date;
}

/** Calls are charged by the started minute; a call nobody took costs nothing. */
export function billableMinutes({
  state,
  duration_seconds,
}: Pick<EndedCall["call"], "state" | "duration_seconds">): number {
  return state === "completed" ? Math.ceil((duration_seconds ?? 0) / 60) : 0;
}

/** Writes the ledger row of a call that somebody took, once, whoever tells of its end; gives whether it did. */
export async function chargeMinutes(
  transaction: Transaction,
  firestore: Firestore,
  { salonId, callSid, call, account, billedTo, timeZone, at }: EndedCall,
): Promise<boolean> {
  const quantity = billableMinutes(call);
  if (quantity === 0) return false;
  const kind = call.direction === "inbound" ? "voice_inbound" : "voice_outbound";
  const rows = firestore.collection("salons").doc(salonId).collection("usage_ledger");
  const reference = rows.doc(ledgerRowId(callSid, kind));
  if ((await transaction.get(reference)).exists) return false;
  const row = ledgerRow({ salonId, kind, quantity, twilioSid: callSid, account, billedTo, timeZone, at });
  transaction.set(reference, row);
  return true;
}
