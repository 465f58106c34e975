import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import { MessageId } from "#shared/core/ids.ts";
import type { Delivery } from "#shared/routing/delivery.ts";
import type { Trigger } from "#shared/runtime/event-boundary.ts";

export interface Deps {
  readonly delivery: Delivery;
}

const WakeUp = z.object({ message_id: MessageId });

/** Sends, settles or ends the message it is woken for; whether there is anything to do, the document says. */
export function createHandler({ delivery }: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    const wakeUp = WakeUp.safeParse(trigger.kind === "message" ? trigger.data : undefined).data;
    if (wakeUp === undefined) {
      throw new AppError("invalid-argument", "The event was not understood: it names no message_id.");
    }
    await delivery.deliver(wakeUp.message_id);
  };
}
