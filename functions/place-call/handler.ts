import { z } from "zod";
import { CallId } from "#shared/calls/outbound-call.ts";
import type { Placement } from "#shared/calls/placement.ts";
import { messageOf, type Trigger } from "#shared/runtime/event-boundary.ts";

export interface Deps {
  readonly placement: Placement;
}

const WakeUp = z.object({ call_id: CallId });

/** Places, settles or ends the call it is woken for; whether there is anything to do, the document says. */
export function createHandler({ placement }: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    await placement.place(messageOf(trigger, WakeUp).call_id);
  };
}
