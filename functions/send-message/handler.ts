import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import { MessageId, SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import type { Acceptance } from "#shared/messages/acceptance.ts";
import { type OutboundMessage, TextChannel } from "#shared/messages/message.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import { type Handler, type HttpRequest, json, type Reply } from "#shared/runtime/http-boundary.ts";
import { invalid, parseJsonBody } from "#shared/runtime/json-body.ts";

export interface Deps {
  readonly acceptance: Acceptance;
  readonly messages: OutboundMessages;
}

/** Twilio's own limit for one message, before it is cut into segments. */
const MAX_BODY_CHARACTERS = 1_600;

const SendMessage = z.strictObject({
  salon_id: SalonId,
  channel: TextChannel,
  to: E164,
  body: z
    .string()
    .refine((text) => text.trim() !== "", "must hold some text")
    .max(MAX_BODY_CHARACTERS, `must not be longer than ${MAX_BODY_CHARACTERS} characters`),
  /** A booking confirmation or the like: it goes by its own topic, ahead of campaigns. */
  critical: z.boolean().default(false),
});

/** Printable and visible, so that keys can be told apart in a log of the caller's. */
const IDEMPOTENCY_KEY = /^[\x21-\x7e]{1,128}$/;
/** Keys under which the suite itself sends. */
const OWN_KEY = /^(greet|test|inbound):/;

/** `POST /v1/messages` accepts once per idempotency key; `GET /v1/messages/{id}` tells the state. */
export function createHandler({ acceptance, messages }: Deps): Handler {
  return async (request) => {
    const [, version, collection, id, ...rest] = request.path.split("/");
    if (version !== "v1" || collection !== "messages" || rest.length > 0) throw noSuchPath();
    if (id === undefined) return accept(request);
    return show(request, id);
  };

  async function accept(request: HttpRequest): Promise<Reply> {
    if (request.method !== "POST")
      throw new AppError("method-not-allowed", "Messages are sent by POST /v1/messages.");
    const idempotencyKey = request.header("idempotency-key") ?? "";
    if (!IDEMPOTENCY_KEY.test(idempotencyKey) || OWN_KEY.test(idempotencyKey)) {
      const remedy =
        "Send an Idempotency-Key header of 1 to 128 visible ASCII characters, not starting with greet:, test: or inbound:.";
      throw invalid("Idempotency-Key", remedy);
    }
    const { salon_id, channel, to, body, critical } = parseJsonBody(request, SendMessage);
    const { created, message } = await acceptance.accept({
      salonId: salon_id,
      idempotencyKey,
      channel,
      to,
      body,
      critical,
    });
    const log = { salonId: salon_id, messageId: message.id, outcome: created ? "accepted" : "repeated" };
    return json(202, publicView(message), log);
  }

  async function show(request: HttpRequest, id: string): Promise<Reply> {
    if (request.method !== "GET") throw new AppError("method-not-allowed", "A message is read by GET.");
    const messageId = MessageId.safeParse(id).data;
    const message = messageId === undefined ? undefined : await messages.get(messageId);
    if (message === undefined) throw new AppError("not-found", "There is no message with this id.");
    return json(200, publicView(message), { salonId: message.salon_id, messageId: message.id });
  }
}

/** A message as its sender may see it: no account, no hash, no party. */
function publicView(message: OutboundMessage) {
  return {
    message_id: message.id,
    salon_id: message.salon_id,
    channel: message.channel,
    to: message.to,
    state: message.state,
    hold_reason: message.hold_reason,
    failure: message.failure,
    segments: message.segments,
    attempts: message.attempts.map(({ number, source, state, error_code, started_at }) => ({
      number,
      source,
      state,
      error_code,
      started_at: started_at.toISOString(),
    })),
    accepted_at: message.accepted_at.toISOString(),
    expires_at: message.expires_at.toISOString(),
    updated_at: message.updated_at.toISOString(),
  };
}

function noSuchPath(): AppError {
  return new AppError("not-found", "There is nothing at this path; messages are at /v1/messages.");
}
