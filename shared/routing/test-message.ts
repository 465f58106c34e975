import { type SalonId, sha256Hex } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import { E164 } from "#shared/core/phone.ts";
import type { Acceptance } from "#shared/messages/acceptance.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import { isFinal, isSettled } from "#shared/messages/state.ts";
import type { TestMessage } from "#shared/messages/test-message.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Delivery } from "./delivery.ts";

export interface TestMessageDeps {
  readonly acceptance: Pick<Acceptance, "accept">;
  readonly delivery: Delivery;
  readonly logger: Logger;
}

/**
 * Sends the salon's owner the message that shows it works, once for a key, through whatever the salon is routed, and
 * says what became of it. Without a phone number there is nobody to send it to.
 */
export function createTestMessage({ acceptance, delivery, logger }: TestMessageDeps) {
  return async (salonId: SalonId, salon: Salon, key: string): Promise<TestMessage> => {
    const to = E164.safeParse(salon.owner.phone).data;
    if (!salon.communication.sms_enabled) {
      const message = "No test message was sent, because SMS is switched off.";
      return { outcome: "skipped", reason: "sms_off", message };
    }
    if (to === undefined) {
      const message = "No test message was sent, because the owner has no phone number such as +14155550123.";
      return { outcome: "skipped", reason: "owner_has_no_phone", message };
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
    const message = (await delivery.deliver(accepted.id)) ?? accepted;
    const test = outcomeOf(message);
    logger.info("test message", {
      salonId,
      messageId: message.id,
      state: message.state,
      outcome: test.outcome,
    });
    return test;
  };
}

function outcomeOf({ state, failure }: OutboundMessage): TestMessage {
  if (state === "uncertain" || state === "claimed") {
    const message =
      "It is not known yet whether Twilio has taken the test message. Look at your phone in a few minutes; if nothing has come, try again.";
    return { outcome: "not_sent", reason: "uncertain", message };
  }
  if (!isSettled(state)) {
    const message = "Twilio has not taken the test message yet. It is tried again by itself.";
    return { outcome: "not_sent", reason: "waiting", message };
  }
  if (!isFinal(state) || state === "delivered" || state === "read") return { outcome: "sent" };
  const message = failure?.reason ?? "The test message did not arrive.";
  return { outcome: "not_sent", reason: failure?.class ?? state, message };
}
