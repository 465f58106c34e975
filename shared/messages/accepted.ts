import { AppError } from "#shared/core/errors.ts";
import { type MessageId, messageIdOf } from "#shared/core/ids.ts";
import { payloadHashOf, type SendRequest } from "./compose.ts";
import type { OutboundMessage } from "./message.ts";

export interface Accepted {
  readonly created: boolean;
  readonly message: OutboundMessage;
}

/** Where the message of a request stands, or would stand. */
export function idOf({ salonId, idempotencyKey }: SendRequest): MessageId {
  return messageIdOf(salonId, idempotencyKey);
}

/** A repeated request finds its message; another one under the same key is refused. */
export function sameAsked(request: SendRequest, accepted: Accepted): Accepted {
  if (accepted.message.payload_hash === payloadHashOf(request)) return accepted;
  const context = { field: "Idempotency-Key", salonId: request.salonId, messageId: accepted.message.id };
  throw new AppError("conflict", "This Idempotency-Key was used for another message; use a new one.", {
    context,
  });
}

/** What is refused now may have been accepted before, when its times were still ahead. */
export function acceptedBefore(
  request: SendRequest,
  refused: AppError,
  known: OutboundMessage | undefined,
): Accepted {
  if (known?.payload_hash !== payloadHashOf(request)) throw refused;
  return { created: false, message: known };
}
