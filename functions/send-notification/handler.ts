import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import { NotificationId } from "#shared/notifications/notification.ts";
import type { Sender } from "#shared/notifications/sender.ts";
import type { Trigger } from "#shared/runtime/event-boundary.ts";

export interface Deps {
  readonly sender: Sender;
}

const WakeUp = z.object({ notification_id: NotificationId });

/** Sends what is left of the notification it is woken for; whether there is anything left, the document says. */
export function createHandler({ sender }: Deps): (trigger: Trigger) => Promise<void> {
  return async (trigger) => {
    const wakeUp = WakeUp.safeParse(trigger.kind === "message" ? trigger.data : undefined).data;
    if (wakeUp === undefined) {
      throw new AppError("invalid-argument", "The event was not understood: it names no notification_id.");
    }
    await sender.send(wakeUp.notification_id);
  };
}
