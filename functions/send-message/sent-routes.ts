import { AppError } from "#shared/core/errors.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { OutboundMessage } from "#shared/messages/message.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import { outboundTopic, type Publisher } from "#shared/runtime/publisher.ts";
import { answer, NO_BODY } from "#shared/runtime/route-contract.ts";
import type { Admission } from "./admission.ts";
import { MessageView, messageView } from "./public-view.ts";
import { type Outcome, type Route, route } from "./routes.ts";

interface Deps {
  readonly admission: Admission;
  readonly messages: Pick<OutboundMessages, "cancel" | "resend">;
  readonly publisher: Publisher;
  readonly logger: Logger;
}

/** A message that was accepted: where it is, back again, and once more. */
export function sentRoutes({ admission, messages, publisher, logger }: Deps): Route[] {
  return [
    route({
      method: "GET",
      path: "/v1/messages/{messageId}",
      operation: "readMessage",
      summary: "Where a message is",
      takes: NO_BODY,
      gives: answer(MessageView),
      work: async ({ caller, parameters }) =>
        outcomeOf(await admission.toMessage(caller, parameters.messageId)),
    }),
    route({
      method: "POST",
      path: "/v1/messages/{messageId}:cancel",
      operation: "cancelMessage",
      summary: "Call a message back that has not gone out; a conflict when it is too late",
      takes: NO_BODY,
      gives: answer(MessageView),
      work: async ({ caller, parameters }) => {
        const message = await admission.toMessage(caller, parameters.messageId);
        if (message.state === "canceled") return outcomeOf(message, "repeated");
        const canceled = await messages.cancel(message.id);
        if (canceled === undefined) {
          throw conflict(message, "It is too late to cancel this message; it is being sent, or has ended.");
        }
        await wake(canceled);
        return outcomeOf(canceled, "canceled");
      },
    }),
    route({
      method: "POST",
      path: "/v1/messages/{messageId}:resend",
      operation: "resendMessage",
      summary: "Send a message again that ended without arriving; a conflict when it has not",
      takes: NO_BODY,
      gives: answer(MessageView, 202),
      work: async ({ caller, parameters }) => {
        const { id, salon_id, critical } = await admission.toMessage(caller, parameters.messageId);
        await admission.toSend(caller, salon_id, { count: 1, critical });
        const resent = await messages.resend(id);
        if (resent === undefined) {
          throw conflict(
            { id, salon_id },
            "This message cannot be sent again: it has arrived, or is on its way.",
          );
        }
        await wake(resent);
        return outcomeOf(resent, "resent");
      },
    }),
  ];

  /** What is to be done stands on the message: should this fail, `due_at` brings it back. */
  async function wake({ id, critical }: OutboundMessage): Promise<void> {
    const topic = outboundTopic(critical);
    try {
      await publisher.publish(topic, id, { message_id: id });
    } catch (error) {
      logger.warn("wake-up not published, due work will find it", { messageId: id, topic, error });
    }
  }
}

function outcomeOf(message: OutboundMessage, outcome?: string): Outcome<ReturnType<typeof messageView>> {
  const { salon_id, id, state } = message;
  const log = { salonId: salon_id, messageId: id, state, ...(outcome === undefined ? {} : { outcome }) };
  return { answer: messageView(message), log };
}

function conflict({ id, salon_id }: Pick<OutboundMessage, "id" | "salon_id">, message: string): AppError {
  return new AppError("conflict", message, { context: { salonId: salon_id, messageId: id } });
}
