import type { Faults, Subject } from "../faults/faults.ts";
import type { Pace } from "../messaging/pace.ts";
import type { Timers } from "../timers.ts";
import type { Call, CallStatus } from "../world/call.ts";
import { callPrice } from "../world/prices.ts";
import type { World } from "../world/world.ts";

export interface RatingDeps {
  readonly world: World;
  readonly faults: Faults;
  readonly timers: Timers;
  readonly pace: Pace;
}

type Draft = Pick<Call, "accountSid" | "direction" | "from" | "to" | "phoneNumberSid" | "status"> &
  Partial<Pick<Call, "parentCallSid">>;

export function newCall(world: World, faults: Faults, draft: Draft, subject: Subject): Call {
  const now = new Date();
  const call: Call = {
    parentCallSid: null,
    ...draft,
    sid: world.sids.sid("CA"),
    dateCreated: now,
    dateUpdated: now,
    listedFrom: now.getTime() + (faults.strike(["list_lag"], subject)?.ms ?? 0),
    startTime: null,
    endTime: null,
    durationSeconds: null,
    price: null,
  };
  world.calls.add(call);
  return call;
}

/** Keeps a recording of the call, and gives its SID. */
export function keepRecording({ sids, recordings }: World, call: Call, durationSeconds: number): string {
  const { accountSid, sid: callSid } = call;
  const recording = { sid: sids.sid("RE"), accountSid, callSid, durationSeconds, dateCreated: new Date() };
  recordings.add(recording);
  return recording.sid;
}

export function answer(call: Call): void {
  call.startTime = new Date();
  call.status = "in-progress";
  call.dateUpdated = call.startTime;
}

/** Ends a call. The clock does not run while a simulated call lasts, so its length is given. */
export function finish(call: Call, status: CallStatus, durationSeconds: number): void {
  const start = call.startTime ?? new Date();
  call.startTime = start;
  call.durationSeconds = durationSeconds;
  call.endTime = new Date(start.getTime() + durationSeconds * 1000);
  call.status = status;
  call.dateUpdated = new Date();
}

/** The price of a finished call becomes known later, like that of a message. */
export function rateCall(call: Call, subject: Subject, { world, faults, timers, pace }: RatingDeps): void {
  const lag = faults.strike(["price_lag"], subject)?.ms ?? pace.priceMs;
  timers.after(lag, () => {
    const { accountSid, direction, dateCreated: at, durationSeconds } = call;
    const seconds = durationSeconds ?? 0;
    const price = callPrice(direction, seconds);
    call.price = price;
    call.dateUpdated = new Date();
    const kind = direction === "inbound" ? "calls-inbound-local" : "calls-outbound";
    world.usage.record({ accountSid, kind, at, count: 1, usage: Math.ceil(seconds / 60), price });
  });
}
