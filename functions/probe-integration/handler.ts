import { z } from "zod";
import { SalonId } from "#shared/core/ids.ts";
import type { AccountHealth } from "#shared/health/account-health.ts";
import type { HeldMessages } from "#shared/messages/held.ts";
import { messageOf, type Trigger } from "#shared/runtime/event-boundary.ts";

export interface Deps {
  readonly health: Pick<AccountHealth, "probe">;
  readonly held: HeldMessages;
}

const WakeUp = z.object({ salon_id: SalonId, source: z.enum(["salon_own", "platform_subaccount"]) });

/** Looks at an account that was in trouble, and lets the messages go that wait for it once it works. */
export function createHandler({ health, held }: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    const { salon_id: salonId, source } = messageOf(trigger, WakeUp);
    const { healed } = await health.probe(salonId, source);
    if (healed) await held.release(salonId, "account_trouble");
  };
}
