import { z } from "zod";
import { NotificationId } from "#shared/notifications/notification.ts";
import type { Sender } from "#shared/notifications/sender.ts";
import { messageOf, type Trigger } from "#shared/runtime/event-boundary.ts";

export interface Deps {
  readonly sender: Sender;
}

const WakeUp = z.object({ notification_id: NotificationId });

/** Sends what is left of the notification it is woken for; whether there is anything left, the document says. */
export function createHandler({ sender }: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    await sender.send(messageOf(trigger, WakeUp).notification_id);
  };
}
