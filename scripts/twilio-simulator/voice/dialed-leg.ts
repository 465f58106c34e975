import type { Call } from "../world/call.ts";
import type { DialPlan } from "./conversation.ts";
import { answer, finish, newCall, type RatingDeps, rateCall } from "./new-call.ts";

/** Dials somebody during a call, who takes it as planned: a call of its own, which knows its parent. */
export function dialLeg(
  deps: RatingDeps,
  { accountSid, sid: parentCallSid, from }: Call,
  { to, callerId = from }: { readonly to: string; readonly callerId: string | undefined },
  { status, seconds }: DialPlan,
): Call {
  const subject = { to, accountSids: [accountSid] };
  const leg = newCall(
    deps.world,
    deps.faults,
    {
      ...{ accountSid, parentCallSid, to, from: callerId },
      direction: "outbound-dial",
      phoneNumberSid: null,
      status: "ringing",
    },
    subject,
  );
  if (status !== "completed") {
    finish(leg, status, 0);
    return leg;
  }
  answer(leg);
  finish(leg, status, seconds);
  rateCall(leg, subject, deps);
  return leg;
}
