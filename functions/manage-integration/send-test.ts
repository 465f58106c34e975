import { AppError } from "#shared/core/errors.ts";
import { sha256Hex } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { E164 } from "#shared/core/phone.ts";
import type { Acceptance } from "#shared/messages/acceptance.ts";
import type { SendTest } from "#shared/own-account/test-message.ts";
import type { Delivery } from "#shared/routing/delivery.ts";

interface Deps {
  readonly acceptance: Acceptance;
  readonly delivery: Delivery;
  readonly logger: Logger;
}

/** Failures that say the salon could not send to anybody; any other is the owner's phone's. */
const OURS = ["credential", "account", "sender"];

/** Sends the salon's owner the message that shows it works, through whatever the salon is routed. */
export function createSendTest({ acceptance, delivery, logger }: Deps): SendTest {
  return async (salonId, salon, key) => {
    const to = E164.parse(salon.owner.phone);
    const body = `${salon.name} can now send and receive messages with Salon Flow.`;
    const { message: accepted } = await acceptance.accept({
      salonId,
      // Another phone or name is another message, not a conflict with the first one.
      idempotencyKey: `test:${key}:${sha256Hex(to, body).slice(0, 16)}`,
      channel: "sms",
      to,
      body,
      purpose: "test",
      wake: false,
    });
    const message = await delivery.deliver(accepted.id);
    const failure = message?.failure;
    if (failure != null && OURS.includes(failure.class))
      throw new AppError("failed-precondition", failure.reason, { context: { reason: failure.class } });
    logger.info("test message sent", { salonId, messageId: accepted.id, state: message?.state ?? "unknown" });
  };
}
