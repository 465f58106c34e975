import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import { messageOf, type Trigger } from "#shared/runtime/event-boundary.ts";

export interface Deps {
  readonly provision: (salonId: SalonId) => Promise<void>;
}

const WakeUp = z.object({ salon_id: SalonId });

/** Sets up the salon whose integration was written, or whose set-up is due again; the documents say what is left. */
export function createHandler({ provision }: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    await provision(salonIdOf(trigger));
  };
}

function salonIdOf(trigger: Trigger): SalonId {
  if (trigger.kind === "message") return messageOf(trigger, WakeUp).salon_id;
  const [collection, id, ...rest] = trigger.path.split("/");
  const salonId = SalonId.safeParse(id).data;
  if (collection === "salon_integrations" && salonId !== undefined && rest.length === 0) return salonId;
  throw new AppError("invalid-argument", "The event is not about a document salon_integrations/{salonId}.");
}
