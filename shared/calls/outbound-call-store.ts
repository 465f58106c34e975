import type { DocumentReference } from "firebase-admin/firestore";
import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { createNotification } from "#shared/notifications/create-notification.ts";
import { type Database, isAlreadyExists } from "#shared/runtime/database.ts";
import { parseDocument } from "#shared/runtime/stored-document.ts";
import type { Transaction } from "#shared/runtime/transaction.ts";
import { callNoticesOf } from "./call-notices.ts";
import {
  answeredWith,
  type CallProgress,
  type CallReported,
  type CallVerdict,
  canceled,
  claimed,
  ended,
  heldFor,
  judged,
  type NewCallAttempt,
  readiness,
  reported,
} from "./call-transitions.ts";
import { chargeMinutes } from "./minutes.ts";
import {
  type Answer,
  type CallAttempt,
  type CallFailure,
  type CallHoldReason,
  type CallId,
  CallLeg,
  type CallStart,
  OutboundCall,
} from "./outbound-call.ts";

/** A key that was pressed, and which attempt's caller says so. */
export interface PressedKey {
  readonly answer: Exclude<Answer, "none">;
  readonly attempt: number;
  readonly from: { readonly salonId: SalonId; readonly account: string };
}

/** The salons' own calls in Firestore: each change reads, decides by `call-transitions.ts` and writes in one commit. */
export interface OutboundCalls {
  get(id: CallId): Promise<OutboundCall | undefined>;
  /** Stores a new call, or gives the one that stands under its id already. */
  create(call: OutboundCall): Promise<{ created: boolean; call: OutboundCall }>;
  /** Takes the call for placing; undefined when another worker has it or there is nothing to place. */
  claim(id: CallId, attempt: NewCallAttempt, leaseSeconds: number): Promise<OutboundCall | undefined>;
  /** Records what Twilio says of an attempt, and its minutes. `taken`: the SID is another call's. */
  report(id: CallId, attempt: number, progress: CallProgress): Promise<CallReported | { outcome: "taken" }>;
  /** Records a key and gives the call as it is then; undefined when it is not theirs to press. */
  press(id: CallId, key: PressedKey): Promise<OutboundCall | undefined>;
  /** Closes an attempt that Twilio did not take; undefined when the call has moved on meanwhile. */
  judge(id: CallId, attempt: number, verdict: CallVerdict): Promise<OutboundCall | undefined>;
  /** Puts off or ends a call that no attempt was made for. */
  hold(id: CallId, reason: CallHoldReason, until: Date): Promise<OutboundCall | undefined>;
  /** Keeps a second for a call that no attempt was made for, and puts it off until that is near. */
  holdForStart(id: CallId, start: CallStart, near: Date): Promise<OutboundCall | undefined>;
  fail(id: CallId, failure: CallFailure): Promise<OutboundCall | undefined>;
  expire(id: CallId): Promise<OutboundCall | undefined>;
  /** Calls back what does not ring; undefined when it does, or has ended. */
  cancel(id: CallId): Promise<OutboundCall | undefined>;
  /** Has a call that is under way asked after again at that time. */
  lookAgain(id: CallId, at: Date): Promise<OutboundCall | undefined>;
}

export function createOutboundCalls(database: Database, clock: Clock): OutboundCalls {
  const reference = (id: string) => database.firestore.collection("calls").doc(id);
  const parse = (id: CallId, data: unknown) => parseDocument(OutboundCall, `calls/${id}`, data);
  const read = async (transaction: Transaction, id: CallId) => {
    const snapshot = await transaction.get(reference(id));
    return snapshot.get("direction") === "outbound" ? parse(id, snapshot.data()) : undefined;
  };

  /** One read-decide-write; a decision of undefined writes nothing. Who can mend an end is told in the same commit. */
  const change = (id: CallId, decide: (call: OutboundCall, now: Date) => OutboundCall | undefined) =>
    database.transact(async (transaction) => {
      const call = await read(transaction, id);
      const next = call === undefined ? undefined : decide(call, clock.now());
      if (call === undefined || next === undefined) return undefined;
      for (const notification of callNoticesOf(call, next, next.updated_at))
        await createNotification(transaction, database.firestore, notification);
      transaction.set(reference(id), next);
      return next;
    });

  const unlessBegun = (next: (call: OutboundCall) => OutboundCall) => (call: OutboundCall, now: Date) =>
    ["place", "expire"].includes(readiness(call, now)) ? { ...next(call), updated_at: now } : undefined;

  return {
    async get(id) {
      const snapshot = await database.run(() => reference(id).get());
      return snapshot.get("direction") === "outbound" ? parse(id, snapshot.data()) : undefined;
    },
    async create(call) {
      try {
        await database.run(() => reference(call.id).create(call));
        return { created: true, call };
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
        const snapshot = await database.run(() => reference(call.id).get());
        return { created: false, call: parse(call.id, snapshot.data()) };
      }
    },
    claim: (id, attempt, leaseSeconds) =>
      change(id, (call, now) =>
        readiness(call, now) === "place" ? claimed(call, attempt, now, leaseSeconds) : undefined,
      ),
    report: (id, attemptNumber, progress) =>
      database.transact(async (transaction) => {
        const now = clock.now();
        const call = await read(transaction, id);
        if (call === undefined) return { outcome: "unknown" };
        const result = reported(call, attemptNumber, progress, now);
        if (!("call" in result)) return result;

        if (call.attempts[attemptNumber - 1]?.sid === null) {
          const leg = reference(progress.sid);
          const owner = await ownerOf(transaction, leg);
          if (owner !== undefined && owner.call_id !== id) return { outcome: "taken" };
          const ours: CallLeg = {
            direction: "leg",
            salon_id: call.salon_id,
            call_id: id,
            attempt: attemptNumber,
            updated_at: now,
          };
          transaction.set(leg, ours);
        }
        const attempt = result.call.attempts[attemptNumber - 1];
        if (attempt !== undefined) await charge(transaction, result.call, attempt, now);
        transaction.set(reference(id), result.call);
        return result;
      }),
    press: (id, { answer, attempt: number, from }) =>
      database.transact(async (transaction) => {
        const call = await read(transaction, id);
        const attempt = call?.attempts[number - 1];
        if (call === undefined || attempt === undefined) return undefined;
        if (from.salonId !== call.salon_id || from.account !== attempt.account) return undefined;
        const answered = answeredWith(call, answer, clock.now());
        if (answered !== undefined) transaction.set(reference(id), answered);
        return answered ?? call;
      }),
    judge: (id, attempt, verdict) => change(id, (call, now) => judged(call, attempt, verdict, now)),
    hold: (id, reason, until) =>
      change(
        id,
        unlessBegun((call) => ({ ...call, ...heldFor(reason, until) })),
      ),
    holdForStart: (id, start, near) =>
      change(
        id,
        unlessBegun((call) => ({ ...call, ...heldFor("paced", near), start })),
      ),
    fail: (id, failure) =>
      change(
        id,
        unlessBegun((call) => ended(call, "failed", failure)),
      ),
    expire: (id) =>
      change(
        id,
        unlessBegun((call) => ended(call, "expired")),
      ),
    cancel: (id) => change(id, canceled),
    lookAgain: (id, at) =>
      change(id, (call, now) =>
        readiness(call, now) === "follow" ? { ...call, due_at: at, updated_at: now } : undefined,
      ),
  };

  async function charge(transaction: Transaction, call: OutboundCall, attempt: CallAttempt, at: Date) {
    const { sid, state, duration_seconds, account, source } = attempt;
    if (sid === null) return;
    await chargeMinutes(transaction, database.firestore, {
      salonId: call.salon_id,
      callSid: sid,
      call: { direction: "outbound", state, duration_seconds },
      account,
      billedTo: source === "salon_own" ? "own_account" : "platform",
      timeZone: call.time_zone,
      at,
    });
  }
}

async function ownerOf(transaction: Transaction, leg: DocumentReference): Promise<CallLeg | undefined> {
  const snapshot = await transaction.get(leg);
  return snapshot.get("direction") === "leg" ? parseDocument(CallLeg, leg.path, snapshot.data()) : undefined;
}
