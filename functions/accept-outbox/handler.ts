import { z } from "zod";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError, toAppError } from "#shared/core/errors.ts";
import { messageIdOf, SalonId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { Acceptance } from "#shared/messages/acceptance.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import { outboxKey, sendRequest } from "#shared/messages/send-request.ts";
import type { Trigger } from "#shared/runtime/event-boundary.ts";
import { parsed } from "#shared/runtime/json-body.ts";
import { noSuchSalon } from "#shared/salons/no-such-salon.ts";
import { type Admit, OutboxRequest } from "./admission.ts";
import { type Answer, type Opened, type Outbox, refused } from "./outbox.ts";

export interface Deps {
  readonly outbox: Outbox;
  readonly admit: Admit;
  readonly acceptance: Acceptance;
  readonly messages: Pick<OutboundMessages, "get">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** After this the last trouble is the answer: nobody waits for the message any more. */
const MAX_TRYING_SECONDS = 24 * 3_600;
/** After trouble that does not say when it will be over. */
const RETRY_SECONDS = 60;

const WakeUp = z.object({ path: z.string() });

/**
 * Accepts what stands in a salon's outbox, as send-message would, and writes the answer onto it. A request is answered
 * once, however often it comes; while it is not, its `due_at` brings it back, not before that may help: so one salon's
 * many are not in the way of the others'.
 */
export function createHandler({ outbox, admit, acceptance, messages, clock, logger }: Deps) {
  return async (trigger: Trigger): Promise<void> => {
    const { path, salon, requestId } = placeOf(trigger);
    const opened = await outbox.open(path);
    if (opened === undefined) return;
    const salonId = SalonId.safeParse(salon).data;
    const answer =
      salonId === undefined
        ? refused(noSuchSalon())
        : await decide(salonId, outboxKey(requestId), opened).catch((error: unknown) =>
            postpone(path, error),
          );
    if (answer === undefined) {
      logger.info("outbox request waits for the salon's limit", { salonId: salon });
      return;
    }
    await outbox.answer(path, answer);
    const { state } = answer;
    const what =
      answer.state === "accepted" ? { messageId: answer.message_id } : { outcome: answer.error.code };
    logger.info("outbox request answered", { salonId: salon, state, ...what });
  };

  /** What the trouble was is for the log, unless it is no more than a limit. */
  async function postpone(path: string, thrown: unknown): Promise<undefined> {
    const error = toAppError(thrown);
    await outbox.postpone(path, error.context.retryAfterSeconds ?? RETRY_SECONDS);
    if (error.code !== "resource-exhausted") throw error;
  }

  async function decide(
    salonId: SalonId,
    key: string,
    { request: written, writtenAt }: Opened,
  ): Promise<Answer> {
    try {
      const request = parsed(OutboxRequest, written);
      const { requested_by: _by, caller: _caller, due_at: _due, ...asked } = request;
      const wanted = sendRequest(salonId, key, asked);
      await admit(salonId, request);
      const { message } = await acceptance.accept(wanted);
      return { state: "accepted", message_id: message.id };
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.retry && clock.now() <= plusSeconds(writtenAt, MAX_TRYING_SECONDS)) throw error;
      // Accepted before a crash, and since then the member has gone or its time has come.
      const message = await messages.get(messageIdOf(salonId, key));
      if (message === undefined || error.context.field === "Idempotency-Key") return refused(error);
      return { state: "accepted", message_id: message.id };
    }
  }
}

function placeOf(trigger: Trigger) {
  const path = trigger.kind === "document" ? trigger.path : WakeUp.safeParse(trigger.data).data?.path;
  const [, salon, requestId] = /^salons\/([^/]+)\/outbox\/([^/]+)$/.exec(path ?? "") ?? [];
  if (path !== undefined && salon !== undefined && requestId !== undefined) return { path, salon, requestId };
  throw new AppError(
    "invalid-argument",
    "The event is not about a document salons/{salonId}/outbox/{requestId}.",
  );
}
