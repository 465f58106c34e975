import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { AccountHealth } from "#shared/health/account-health.ts";
import type { HeldMessages } from "#shared/messages/held.ts";
import type { Trigger } from "#shared/runtime/event-boundary.ts";

export interface Deps {
  readonly health: Pick<AccountHealth, "probe">;
  readonly held: HeldMessages;
}

const WakeUp = z.object({ salon_id: SalonId, source: z.enum(["salon_own", "platform_subaccount"]) });

/** Looks at an account that was in trouble, and lets the messages go that wait for it once it works. */
export function createHandler({ health, held }: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    const wakeUp = trigger.kind === "message" ? WakeUp.safeParse(trigger.data).data : undefined;
    if (wakeUp === undefined) {
      throw new AppError(
        "invalid-argument",
        "The event was not understood: it names no salon_id and source.",
      );
    }
    const { healed } = await health.probe(wakeUp.salon_id, wakeUp.source);
    if (healed) await held.release(wakeUp.salon_id, "account_trouble");
  };
}
