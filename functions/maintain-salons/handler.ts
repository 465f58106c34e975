import { z } from "zod";
import { SalonId } from "#shared/core/ids.ts";
import type { Trigger } from "#shared/runtime/event-boundary.ts";

export interface Deps {
  readonly maintain: () => Promise<unknown>;
  readonly proceedErasure: (salonId: SalonId) => Promise<unknown>;
}

const WakeUp = z.object({ salon_id: SalonId });

/** Goes on with the erasure that a wake-up names; a tick names none, and is a turn around all salons. */
export function createHandler({ maintain, proceedErasure }: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    const wakeUp = trigger.kind === "message" ? WakeUp.safeParse(trigger.data).data : undefined;
    await (wakeUp === undefined ? maintain() : proceedErasure(wakeUp.salon_id));
  };
}
