import { z } from "zod";

/** Where Twilio says a message is. Source: the `message_enum_status` of Twilio's v2010 API description. */
export const MESSAGE_STATUSES = [
  "accepted",
  "scheduled",
  "queued",
  "sending",
  "sent",
  "failed",
  "delivered",
  "undelivered",
  "canceled",
  "read",
  "partially_delivered",
  "receiving",
  "received",
] as const;

/** Where Twilio says a call is. Source: https://www.twilio.com/docs/voice/twiml */
export const CALL_STATUSES = [
  "queued",
  "initiated",
  "ringing",
  "in-progress",
  "completed",
  "busy",
  "failed",
  "no-answer",
  "canceled",
] as const;

export type MessageStatus = (typeof MESSAGE_STATUSES)[number] | "unknown";
export type CallStatus = (typeof CALL_STATUSES)[number] | "unknown";

/** Twilio adds states without notice; one we do not know must not lose the rest of what it told us. */
export const messageStatusSchema: z.ZodType<MessageStatus> = z
  .enum([...MESSAGE_STATUSES, "unknown"])
  .catch("unknown");
export const callStatusSchema: z.ZodType<CallStatus> = z.enum([...CALL_STATUSES, "unknown"]).catch("unknown");
