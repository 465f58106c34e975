import { z } from "zod";
import { MessageId } from "#shared/core/ids.ts";
import type { Delivery } from "#shared/routing/delivery.ts";
import { messageOf, type Trigger } from "#shared/runtime/event-boundary.ts";

export interface Deps {
  readonly delivery: Delivery;
}

const WakeUp = z.object({ message_id: MessageId });

/** Sends, settles or ends the message it is woken for; whether there is anything to do, the document says. */
export function createHandler({ delivery }: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    await delivery.deliver(messageOf(trigger, WakeUp).message_id);
  };
}
