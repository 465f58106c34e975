import type { Faults, Subject } from "../faults/faults.ts";
import type { Pace } from "../messaging/pace.ts";
import type { Timers } from "../timers.ts";
import type { Deliver } from "../webhooks/deliver.ts";
import type { Call } from "../world/call.ts";
import type { World } from "../world/world.ts";
import { callParameters, callStatusWebhook } from "./call-webhook.ts";
import { type Address, converse } from "./conversation.ts";
import { answer, finish, rateCall } from "./new-call.ts";

export type CallEvent = "initiated" | "ringing" | "answered" | "completed";

export interface Dialing {
  readonly call: Call;
  readonly start: Address | { readonly twiml: string };
  readonly fallback: Address | undefined;
  readonly statusCallback: Address | undefined;
  readonly statusCallbackEvents: readonly CallEvent[];
  readonly subject: Subject;
}

export type Dial = (dialing: Dialing) => void;

interface Deps {
  readonly world: World;
  readonly faults: Faults;
  readonly timers: Timers;
  readonly pace: Pace;
  readonly deliver: Deliver;
}

const DURATION_SECONDS = 30;

/** Places a call that the API created: it rings, is answered, listens to the TwiML and ends. */
export function createDial({ world, faults, timers, pace, deliver }: Deps): Dial {
  async function place({ call, start, fallback, statusCallback, statusCallbackEvents, subject }: Dialing) {
    let sequence = 0;
    const tell = (event: CallEvent, status: string) => {
      if (statusCallback === undefined || !statusCallbackEvents.includes(event)) return;
      void deliver(callStatusWebhook(call, status, sequence, statusCallback));
      sequence += 1;
    };
    if (!(await timers.pause(pace.stageMs))) return;
    tell("initiated", "initiated");
    if (faults.strike(["recipient"], { ...subject, surface: "async" }) !== undefined) {
      finish(call, "failed", 0);
      return tell("completed", "failed");
    }
    call.status = "ringing";
    tell("ringing", "ringing");
    if (!(await timers.pause(pace.stageMs))) return;
    answer(call);
    tell("answered", "in-progress");
    const line = {
      accountSid: call.accountSid,
      callSid: call.sid,
      recordingSid: () => world.sids.sid("RE"),
      parameters: callParameters(call),
      digits: [],
      fallback,
    };
    await converse(deliver, line, start);
    finish(call, "completed", DURATION_SECONDS);
    tell("completed", "completed");
    rateCall(call, subject, { world, faults, timers, pace });
  }
  return (dialing) => void place(dialing);
}
