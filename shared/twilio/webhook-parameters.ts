import { z } from "zod";
import { inboundDetailsSchema } from "./inbound-details.ts";
import { callStatusSchema, messageStatusSchema } from "./statuses.ts";

/** A form as Twilio posts it: one value a name (the first, should one repeat), no prototype to pollute. */
export function parseForm(rawBody: Buffer): Record<string, string> {
  const form: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(rawBody.toString("utf8"))) form[name] ??= value;
  return form;
}

/** The same names as a JSON object has them: what is neither text nor number is left out, as is all that is no object. */
export function parseJsonParameters(rawBody: Buffer): Record<string, string> {
  const parameters: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(jsonObject(rawBody))) {
    if (typeof value === "string" || typeof value === "number") parameters[name] = String(value);
  }
  return parameters;
}

function jsonObject(rawBody: Buffer): object {
  try {
    const value: unknown = JSON.parse(rawBody.toString("utf8"));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Twilio sends a message's media as `MediaUrl0` to `MediaUrl9`. */
const MAX_MEDIA = 10;

const text = z
  .string()
  .optional()
  .transform((value) => (value === "" ? undefined : value));
const count = z.coerce.number().int().nonnegative();
const accountSid = z.string().regex(/^AC[0-9a-f]{32}$/i);
const messageSid = z.string().regex(/^(SM|MM)[0-9a-f]{32}$/i);
const callSid = z.string().regex(/^CA[0-9a-f]{32}$/i);
const mediaSchema = z.object({ url: z.url(), contentType: z.string() });
/**
 * A message that came in by SMS or WhatsApp. `from` and `to` are as Twilio writes them (`whatsapp:+…` for WhatsApp);
 * `details` has what not every message has, under the names it is stored by.
 * Unknown parameters are ignored: Twilio adds some without notice.
 * Source: https://www.twilio.com/docs/messaging/guides/webhook-request
 */
export const inboundMessageSchema = z
  .looseObject({
    MessageSid: messageSid,
    AccountSid: accountSid,
    From: z.string().min(1),
    To: z.string().min(1),
    Body: z.string().default(""),
    NumMedia: count.catch(0),
    NumSegments: count.catch(1),
  })
  .transform((form) => ({
    messageSid: form.MessageSid,
    accountSid: form.AccountSid,
    from: form.From,
    to: form.To,
    body: form.Body,
    segments: Math.max(1, form.NumSegments),
    media: mediaOf(form, form.NumMedia),
    details: inboundDetailsSchema.parse(form),
  }));
export type InboundMessage = z.output<typeof inboundMessageSchema>;

/**
 * How a message that we sent is doing. Callbacks repeat, overtake each other and get lost.
 * Source: https://www.twilio.com/docs/messaging/guides/track-outbound-message-status
 */
export const messageStatusCallbackSchema = z
  .object({
    MessageSid: messageSid,
    AccountSid: accountSid,
    MessageStatus: messageStatusSchema,
    ErrorCode: count.optional().catch(undefined),
    From: text,
    To: text,
  })
  .transform((form) => ({
    messageSid: form.MessageSid,
    accountSid: form.AccountSid,
    status: form.MessageStatus,
    errorCode: form.ErrorCode === 0 ? undefined : form.ErrorCode,
    from: form.From,
    to: form.To,
  }));
export type MessageStatusCallback = z.output<typeof messageStatusCallbackSchema>;

/**
 * A call asking what to do next. `from` may be `anonymous`; `digits` or `speech` is there after a menu, `dialStatus`
 * after a transfer.
 */
export const voiceWebhookSchema = z
  .object({
    CallSid: callSid,
    AccountSid: accountSid,
    CallStatus: callStatusSchema,
    Direction: text,
    From: text,
    To: z.string().min(1),
    Digits: text,
    SpeechResult: text,
    DialCallStatus: callStatusSchema.optional(),
  })
  .transform((form) => ({
    callSid: form.CallSid,
    accountSid: form.AccountSid,
    status: form.CallStatus,
    direction: form.Direction,
    from: form.From,
    to: form.To,
    digits: form.Digits,
    speech: form.SpeechResult,
    dialStatus: form.DialCallStatus,
  }));
export type VoiceWebhook = z.output<typeof voiceWebhookSchema>;

/**
 * A recording that can be listened to, or that came to nothing. Its address is left out: whoever may hear it asks
 * Twilio for it by its SID.
 */
export const recordingCallbackSchema = z
  .object({
    CallSid: callSid,
    RecordingSid: z.string().regex(/^RE[0-9a-f]{32}$/i),
    RecordingStatus: z.string().default("completed"),
    RecordingDuration: count.catch(0),
  })
  .transform((form) => ({
    callSid: form.CallSid,
    sid: form.RecordingSid,
    isComplete: form.RecordingStatus === "completed",
    durationSeconds: form.RecordingDuration,
  }));

/** How a call is doing. `durationSeconds` comes with the last one. */
export const callStatusCallbackSchema = z
  .object({
    CallSid: callSid,
    AccountSid: accountSid,
    CallStatus: callStatusSchema,
    Direction: text,
    From: text,
    To: text,
    CallDuration: count.optional().catch(undefined),
  })
  .transform((form) => ({
    callSid: form.CallSid,
    accountSid: form.AccountSid,
    status: form.CallStatus,
    direction: form.Direction,
    from: form.From,
    to: form.To,
    durationSeconds: form.CallDuration,
  }));
export type CallStatusCallback = z.output<typeof callStatusCallbackSchema>;

function mediaOf(form: Record<string, unknown>, announced: number) {
  return Array.from({ length: Math.min(announced, MAX_MEDIA) }, (_, index) => ({
    url: form[`MediaUrl${index}`],
    contentType: form[`MediaContentType${index}`] ?? "application/octet-stream",
  })).flatMap((item) => mediaSchema.safeParse(item).data ?? []);
}
