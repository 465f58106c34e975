import { z } from "zod";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { AppError, toAppError } from "#shared/core/errors.ts";
import { messageIdOf, SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { Acceptance } from "#shared/messages/acceptance.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import { outboxKey, sendRequest } from "#shared/messages/send-request.ts";
import type { Trigger } from "#shared/runtime/event-boundary.ts";
import { parsed } from "#shared/runtime/json-body.ts";
import { type Admit, OutboxRequest } from "./admission.ts";
import { type Answer, type Outbox, refused } from "./outbox.ts";

export interface Deps {
  readonly outbox: Outbox;
  readonly admit: Admit;
  readonly acceptance: Acceptance;
  readonly messages: Pick<OutboundMessages, "get">;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Written = Readonly<Record<string, unknown>>;

/** After this the last trouble is the answer: nobody waits for the message any more. */
const MAX_TRYING_SECONDS = 24 * 3_600;

const WakeUp = z.object({ path: z.string() });

/**
 * Accepts what stands in a salon's outbox, as send-message would, and writes the answer onto it. A request is answered
 * once, however often it comes; while it is not, its `due_at` brings it back.
 */
export function createHandler({ outbox, admit, acceptance, messages, clock, logger }: Deps) {
  return async (trigger: Trigger): Promise<void> => {
    const { path, salon, requestId } = placeOf(trigger);
    const request = await outbox.open(path);
    if (request === undefined) return;
    const salonId = SalonId.safeParse(salon).data;
    const answer =
      salonId === undefined ? refused(noSalon()) : await decide(salonId, outboxKey(requestId), request);
    await outbox.answer(path, answer);
    const { state } = answer;
    const what =
      answer.state === "accepted" ? { messageId: answer.message_id } : { outcome: answer.error.code };
    logger.info("outbox request answered", { salonId: salon, state, ...what });
  };

  async function decide(salonId: SalonId, key: string, written: Written): Promise<Answer> {
    try {
      const request = parsed(OutboxRequest, written);
      const { requested_by: _by, caller: _caller, due_at: _due, ...asked } = request;
      const wanted = sendRequest(salonId, key, asked);
      await admit(salonId, request);
      const { message } = await acceptance.accept(wanted);
      return { state: "accepted", message_id: message.id };
    } catch (thrown) {
      const error = toAppError(thrown);
      if (error.retry && !isLate(written)) throw error;
      // Accepted before a crash, and since then the member has gone or its time has come.
      const message = await messages.get(messageIdOf(salonId, key));
      if (message === undefined || error.context.field === "Idempotency-Key") return refused(error);
      return { state: "accepted", message_id: message.id };
    }
  }

  function isLate({ due_at }: Written): boolean {
    const due = Instant.safeParse(due_at).data;
    return due !== undefined && clock.now() > plusSeconds(due, MAX_TRYING_SECONDS);
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

function noSalon(): AppError {
  const context = { field: "salon_id" };
  return new AppError("not-found", "There is no open salon with this salon_id.", { context });
}
