import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { LedgerRow } from "#shared/ledger/row.ts";
import { createNotification } from "#shared/notifications/create-notification.ts";
import type { Database } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import { Call, type CallState, callMovesOn, type Recording } from "./call.ts";
import { afterEnd, afterHeard, afterRecording, type Heard } from "./caller-progress.ts";
import { chargeMinutes } from "./minutes.ts";
import { createOutboundCalls, type OutboundCalls } from "./outbound-call-store.ts";

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
  /** What a step of the call's script brought. */
  readonly heard?: Heard | undefined;
}

export interface LeftMessage {
  readonly salonId: SalonId;
  readonly callSid: string;
  /** Fingerprint of the account that told of it. */
  readonly account: string;
  readonly recording: Pick<Recording, "sid" | "duration_seconds">;
}

export interface Calls {
  /**
   * Records where a call is that is known by its SID alone, and its minutes in the ledger once it has ended. Reports may
   * come first, twice or late; `forbidden` means that the call is another salon's, or another account's. What a step
   * brought counts in any case.
   */
  report(report: CallReport): Promise<"moved" | "stale" | "forbidden">;
  /** Lists a message that a caller left, once, and has the salon's owner told; `forbidden` means that the account had no such call with the salon. */
  listRecording(message: LeftMessage): Promise<"listed" | "stale" | "forbidden">;
  /** The calls that salons make. */
  readonly outbound: OutboundCalls;
}

export function createCalls(database: Database, clock: Clock): Calls {
  return {
    outbound: createOutboundCalls(database, clock),
    report: (report) =>
      database.transact(async (transaction, firestore) => {
        const reference = firestore.collection("calls").doc(report.callSid);
        const snapshot = await transaction.get(reference);
        // A call of ours that its number tells of as well: what counts comes to its own address.
        if (snapshot.get("direction") === "leg")
          return snapshot.get("salon_id") === report.salonId ? "stale" : "forbidden";
        const known = snapshot.exists ? parseDocument(Call, reference.path, snapshot.data()) : undefined;
        if (known !== undefined && !isTheirs(known, report)) return "forbidden";
        const now = clock.now();
        const isMoving =
          known === undefined || callMovesOn(known.state, report.state) || tellsLength(known, report);
        const moved = isMoving ? afterEnd(afterReport(known, report, now)) : known;
        const call = report.heard === undefined ? moved : afterHeard(moved, report.heard);
        if (call === known) return "stale";
        if (isMoving) await chargeMinutes(transaction, firestore, { ...report, call, at: now });
        transaction.set(reference, { ...call, updated_at: now });
        return isMoving ? "moved" : "stale";
      }),
    listRecording: ({ salonId, callSid, account, recording }) =>
      database.transact(async (transaction, firestore) => {
        const reference = firestore.collection("calls").doc(callSid);
        const known = Call.safeParse((await transaction.get(reference)).data()).data;
        if (known?.salon_id !== salonId || known.account !== account) return "forbidden";
        const now = clock.now();
        const call = afterRecording(known, { ...recording, received_at: now });
        if (call === known) return "stale";
        await createNotification(transaction, firestore, {
          kind: "voicemail_left",
          facts: { seconds: recording.duration_seconds, at: now },
          salonId,
          key: recording.sid,
          now,
        });
        transaction.set(reference, { ...call, updated_at: now });
        return "listed";
      }),
  };
}

function afterReport(known: Call | undefined, report: CallReport, now: Date): Call {
  return {
    language: null,
    choices: [],
    outcome: null,
    recordings: [],
    ...known,
    salon_id: report.salonId,
    account: report.account,
    // Every report names the SID; who called whom, the first one said.
    direction: known?.direction ?? report.direction,
    party: known?.party ?? report.party,
    state: report.state,
    duration_seconds: report.durationSeconds ?? known?.duration_seconds ?? null,
    started_at: known?.started_at ?? now,
    updated_at: now,
  };
}

function isTheirs(known: Call, { salonId, account }: CallReport): boolean {
  return known.salon_id === salonId && known.account === account;
}

/** An end that was told of without its length has charged nothing yet. */
function tellsLength(known: Call, { state, durationSeconds }: CallReport): boolean {
  return known.state === state && known.duration_seconds === null && durationSeconds !== undefined;
}
