import type { Subject } from "../faults/faults.ts";
import type { Deliver } from "../webhooks/deliver.ts";
import type { Call } from "../world/call.ts";
import type { CallPlans } from "./call-plans.ts";
import { callParameters, callStatusWebhook } from "./call-webhook.ts";
import { type Address, converse, USUAL_DIAL, USUAL_VOICEMAIL } from "./conversation.ts";
import { dialLeg } from "./dialed-leg.ts";
import { answer, finish, keepRecording, type RatingDeps, rateCall } from "./new-call.ts";

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

interface Deps extends RatingDeps {
  readonly deliver: Deliver;
  readonly plans: CallPlans;
}

/** Places a call that the API created: it rings, is answered as planned, listens to the TwiML and ends. */
export function createDial({ deliver, plans, ...deps }: Deps): Dial {
  const { world, faults, timers, pace } = deps;
  async function place({ call, start, fallback, statusCallback, statusCallbackEvents, subject }: Dialing) {
    let sequence = 0;
    const tell = (event: CallEvent, status: string) => {
      if (statusCallback === undefined || !statusCallbackEvents.includes(event)) return;
      void deliver(callStatusWebhook(call, status, sequence, statusCallback));
      sequence += 1;
    };
    if (!(await timers.pause(pace.stageMs))) return;
    tell("initiated", "initiated");
    const plan = plans.next(call.to);
    if (plan.outcome === "failed" || plan.outcome === "busy") {
      finish(call, plan.outcome, 0);
      return tell("completed", plan.outcome);
    }
    if (faults.strike(["recipient"], { ...subject, surface: "async" }) !== undefined) {
      finish(call, "failed", 0);
      return tell("completed", "failed");
    }
    call.status = "ringing";
    tell("ringing", "ringing");
    if (!(await timers.pause(pace.stageMs))) return;
    if (plan.outcome === "no-answer") {
      finish(call, "no-answer", 0);
      return tell("completed", "no-answer");
    }
    answer(call);
    tell("answered", "in-progress");
    const line = {
      accountSid: call.accountSid,
      callSid: call.sid,
      keepRecording: (seconds: number) => keepRecording(world, call, seconds),
      parameters: callParameters(call),
      answers: plan.digits.map((digits) => ({ digits })),
      dial: (to: string, callerId: string | undefined) => dialLeg(deps, call, { to, callerId }, USUAL_DIAL),
      voicemail: USUAL_VOICEMAIL,
      fallback,
      firstStatus: "in-progress",
    } as const;
    await converse(deliver, line, start);
    finish(call, "completed", plan.durationSeconds);
    tell("completed", "completed");
    rateCall(call, subject, deps);
  }
  return (dialing) => void place(dialing);
}
