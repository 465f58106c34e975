import { AppError } from "#shared/core/errors.ts";
import { type SalonId, sha256Hex } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { E164 } from "#shared/core/phone.ts";
import type { Acceptance } from "#shared/messages/acceptance.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Delivery } from "./delivery.ts";

export interface TestMessageDeps {
  readonly acceptance: Pick<Acceptance, "accept">;
  readonly delivery: Delivery;
  readonly logger: Logger;
}

/** Failures that say the salon could not send to anybody; any other is the owner's phone's. */
const OURS = ["credential", "account", "sender"];

/**
 * Sends the salon's owner the message that shows it works, once for a key, through whatever the salon is routed. Without
 * a phone number there is nobody to send it to. Throws when the failure means that the salon could not send anything.
 */
export function createTestMessage({ acceptance, delivery, logger }: TestMessageDeps) {
  return async (salonId: SalonId, salon: Salon, key: string): Promise<void> => {
    const to = E164.safeParse(salon.owner.phone).data;
    if (!salon.communication.sms_enabled) {
      logger.warn("no test message: the salon has switched SMS off", { salonId });
      return;
    }
    if (to === undefined) {
      logger.warn("no test message: the owner has no phone number in E.164 format", { salonId });
      return;
    }
    const body = `${salon.name} can now send and receive messages with Salon Flow.`;
    const request = {
      salonId,
      // Another phone or name is another message, not a conflict with the first one.
      idempotencyKey: `test:${key}:${sha256Hex(to, body).slice(0, 16)}`,
      channel: "sms",
      to,
      body,
      purpose: "test",
    } as const;
    const { message: accepted } = await acceptance.accept(request, { wake: false });
    const message = await delivery.deliver(accepted.id);
    const failure = message?.failure;
    if (failure != null && OURS.includes(failure.class))
      throw new AppError("failed-precondition", failure.reason, { context: { reason: failure.class } });
    logger.info("test message sent", { salonId, messageId: accepted.id, state: message?.state ?? "unknown" });
  };
}
