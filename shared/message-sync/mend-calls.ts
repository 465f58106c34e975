import { CallState } from "#shared/calls/call.ts";
import type { Calls } from "#shared/calls/call-store.ts";
import { chargeMinutes } from "#shared/calls/minutes.ts";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { PartyOf } from "#shared/core/phone.ts";
import { LedgerRow, ledgerRowId } from "#shared/ledger/row.ts";
import type { MessageCosts } from "#shared/messages/cost-store.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { CallRecord } from "#shared/twilio/call-records.ts";
import { isReachedAt, type SyncedAccount } from "./accounts.ts";
import { readAll } from "./known-rows.ts";
import { type Counts, NOTHING, plus } from "./progress.ts";

export interface MendCallsDeps {
  readonly database: Database;
  readonly calls: Pick<Calls, "report">;
  readonly costs: MessageCosts;
  readonly partyOf: PartyOf;
  readonly clock: Clock;
}

export interface CallsReading {
  readonly salonId: SalonId;
  /** Open or closed; undefined while its data is erased. */
  readonly salon: Salon | undefined;
  readonly account: SyncedAccount;
  /** Customers' calls from before were somebody else's to take; null where none reach us. */
  readonly reachedSince: Date | null;
}

interface Known {
  readonly record: CallRecord;
  readonly isStored: boolean;
  readonly isCharged: boolean;
  readonly isPriced: boolean;
  /** Of a leg: what the customer's call was charged that it was put through from. */
  readonly parent: LedgerRow | undefined;
}

/** A status callback that is still being tried is not a missed one; Twilio gives up after 15 s an address. */
const GRACE_SECONDS = 60;
const ENDED: readonly CallState[] = ["completed", "busy", "failed", "no-answer", "canceled"];

/**
 * Brings the calls of a list into our records: the end of a customer's call that no callback told of, the minutes of who
 * it was put through to, and what Twilio charges. Repeated, it changes nothing. The end of a call that the salon makes is
 * asked after by its own worker.
 */
export function createMendCalls({ database, calls, costs, partyOf, clock }: MendCallsDeps) {
  return async (records: readonly CallRecord[], reading: CallsReading): Promise<Counts> => {
    let counts = NOTHING;
    const ended = records.filter(({ status }) => ENDED.some((state) => state === status));
    const legs = ended.filter(isLeg);
    const others = ended.filter((record) => !isLeg(record));
    // The list has a leg before its parent, whose row says that the leg is ours.
    for (const some of [others, legs])
      for (const known of await lookUp(some, reading.salonId))
        counts = plus(counts, await mend(known, reading));
    return counts;
  };

  async function lookUp(records: readonly CallRecord[], salonId: SalonId): Promise<Known[]> {
    const row = (id: string) => `salons/${salonId}/usage_ledger/${id}`;
    const [stored, charges, prices, parents] = await Promise.all([
      readAll(
        database,
        records.map(({ sid }) => `calls/${sid}`),
      ),
      readAll(
        database,
        records.map((record) => row(ledgerRowId(record.sid, kindOf(record)))),
      ),
      readAll(
        database,
        records.map((record) => row(ledgerRowId(record.sid, kindOf(record), "price"))),
      ),
      readAll(
        database,
        records.map((record) =>
          isLeg(record) && record.parentSid !== undefined
            ? row(ledgerRowId(record.parentSid, "voice_inbound"))
            : undefined,
        ),
      ),
    ]);
    return records.map((record, index) => {
      const known = stored[index];
      const parent = parents[index];
      const state =
        known?.get("salon_id") === salonId ? CallState.safeParse(known.get("state")).data : undefined;
      return {
        record,
        isStored: state !== undefined && ENDED.includes(state),
        isCharged: charges[index]?.exists === true,
        isPriced: prices[index]?.exists === true,
        parent: LedgerRow.safeParse(parent?.data()).data,
      };
    });
  }

  async function mend(known: Known, reading: CallsReading): Promise<Counts> {
    const { record, isStored, isCharged, isPriced, parent } = known;
    const { salonId } = reading;
    const lacksMinutes = record.status === "completed" && (record.durationSeconds ?? 0) > 0 && !isCharged;
    if (isLeg(record) && lacksMinutes && parent === undefined) return { ...NOTHING, unknown: 1 };
    const isMissed = (!isStored || lacksMinutes) && isOurs(record, reading);
    const moved =
      parent === undefined
        ? isMissed && (await end(record, reading))
        : lacksMinutes && (await chargeLeg(record, parent, reading));
    if (record.price === undefined || isPriced || !(isCharged || moved))
      return { ...NOTHING, moved: Number(moved) };
    const seen = { segments: 0, failed: false, price: record.price };
    const { priced } = await costs.record(salonId, kindOf(record), record.sid, seen);
    return { ...NOTHING, moved: Number(moved), priced: Number(priced) };
  }

  /** A customer's call to a number of ours, that its callback had time to tell of. */
  function isOurs(record: CallRecord, { account, reachedSince }: CallsReading): boolean {
    const { direction, to, startedAt, durationSeconds = 0 } = record;
    if (direction !== "inbound" || startedAt === undefined || reachedSince === null) return false;
    const isOver = plusSeconds(startedAt, durationSeconds + GRACE_SECONDS) <= clock.now();
    return isOver && startedAt >= reachedSince && isReachedAt(account, to);
  }

  async function end(record: CallRecord, { salonId, salon, account }: CallsReading): Promise<boolean> {
    const state = CallState.safeParse(record.status).data;
    if (salon === undefined || state === undefined) return false;
    const outcome = await calls.report({
      salonId,
      callSid: record.sid,
      account: account.fingerprint,
      direction: "inbound",
      party: partyOf(record.from),
      state,
      durationSeconds: record.durationSeconds,
      timeZone: salon.time_zone,
      billedTo: account.billedTo,
    });
    return outcome === "moved";
  }

  /** To whom its parent was charged. No document is made of it, since it is no call with a customer. */
  async function chargeLeg(
    { sid, status, durationSeconds }: CallRecord,
    { account, billed_to: billedTo }: LedgerRow,
    { salonId, salon }: CallsReading,
  ): Promise<boolean> {
    if (salon === undefined) return false;
    return database.transact((transaction, firestore) =>
      chargeMinutes(transaction, firestore, {
        salonId,
        callSid: sid,
        call: { direction: "outbound", state: status, duration_seconds: durationSeconds ?? null },
        account,
        billedTo,
        timeZone: salon.time_zone,
        at: clock.now(),
      }),
    );
  }
}

function isLeg({ direction }: CallRecord): boolean {
  return direction === "leg";
}

function kindOf({ direction }: CallRecord) {
  return direction === "inbound" ? "voice_inbound" : "voice_outbound";
}
