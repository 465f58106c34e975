import { z } from "zod";
import type { AppError } from "#shared/core/errors.ts";
import { MessageId, SalonId } from "#shared/core/ids.ts";
import {
  AttemptChannel,
  Category,
  Failure,
  HoldReason,
  type OutboundMessage,
  Source,
  TextChannel,
} from "#shared/messages/message.ts";
import { MessageState } from "#shared/messages/state.ts";

const Time = z.iso.datetime();

/** A message as its sender may see it: no account, no hash, no party. */
export const MessageView = z.object({
  message_id: MessageId,
  salon_id: SalonId,
  channel: TextChannel,
  to: z.string(),
  category: Category,
  critical: z.boolean(),
  state: MessageState,
  hold_reason: HoldReason.nullable().describe("Why it waits"),
  failure: Failure.nullable().describe("Why it failed; while its other way is tried, why its own failed"),
  segments: z.int(),
  attempts: z.array(
    z.object({
      number: z.int(),
      source: Source.describe("Whose account carried it"),
      channel: AttemptChannel,
      state: z.string(),
      error_code: z.int().nullable().describe("Twilio's"),
      started_at: Time,
    }),
  ),
  send_at: Time.nullable(),
  expires_at: Time,
  accepted_at: Time,
  updated_at: Time,
});

export function messageView(message: OutboundMessage): z.input<typeof MessageView> {
  return {
    ...message,
    message_id: message.id,
    attempts: message.attempts.map((attempt) => ({
      ...attempt,
      started_at: attempt.started_at.toISOString(),
    })),
    send_at: message.send_at?.toISOString() ?? null,
    expires_at: message.expires_at.toISOString(),
    accepted_at: message.accepted_at.toISOString(),
    updated_at: message.updated_at.toISOString(),
  };
}

/** What came of one message among many. */
export const ResultView = z.union([
  z.object({ message_id: MessageId, state: MessageState }),
  z.object({
    error: z.object({ code: z.string(), message: z.string(), field: z.string().optional() }),
  }),
]);
export type ResultView = z.input<typeof ResultView>;

export function refusalView({ code, message, context }: AppError): ResultView {
  return { error: { code, message, field: context.field } };
}
