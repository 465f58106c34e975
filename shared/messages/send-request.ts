import { z } from "zod";
import type { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { E164 } from "#shared/core/phone.ts";
import { invalid } from "#shared/runtime/json-body.ts";
import { Language } from "#shared/salons/communication-settings.ts";
import { MAX_BODY_CHARACTERS, type SendRequest } from "./compose.ts";
import { AnswerKind, Category, TextChannel, Timing } from "./message.ts";

const TooLong = `must not be longer than ${MAX_BODY_CHARACTERS} characters`;
/** Twilio's own limit. */
const MAX_MEDIA = 10;
const SUBJECT = /^[^\p{Cc}\p{Zl}\p{Zp}]{1,200}$/u;

/** How each field of a message is asked for, over HTTP and in an outbox. */
const fields = {
  channel: TextChannel,
  to: E164,
  body: z
    .string()
    .max(MAX_BODY_CHARACTERS, TooLong)
    .optional()
    .describe("The text; left out with a template"),
  template: z
    .strictObject({
      name: z.string().max(64),
      language: Language,
      variables: z.record(z.string(), z.string().max(MAX_BODY_CHARACTERS, TooLong)),
    })
    .optional(),
  media: z
    .array(z.url({ protocol: /^https$/, error: "must be an https:// address" }).max(1_000))
    .max(MAX_MEDIA)
    .optional()
    .describe("Addresses that Twilio fetches pictures and the like from; one alone for WhatsApp"),
  category: Category.optional().describe("transactional, unless the template says otherwise"),
  timing: Timing.optional().describe("any_time; for marketing, no_quiet_hours"),
};

const Fallback = z.discriminatedUnion("channel", [
  z.strictObject({ channel: z.literal("sms") }),
  z.strictObject({
    channel: z.literal("email"),
    to: z.email().max(254),
    subject: z.string().regex(SUBJECT, "must be one line of 1 to 200 characters"),
  }),
]);

/** What only a service may ask for, since it goes ahead of others and may cost the platform. */
const urgency = {
  critical: z
    .boolean()
    .optional()
    .describe("It goes before all that is not, and takes its other way if need be"),
  fallback: Fallback.nullable().optional().describe("Of a critical message; SMS by default, null for none"),
};

const timeInJson = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const times = <Time extends z.ZodType<Date>>(time: Time) => ({
  send_at: time.optional().describe("Not before this, within 90 days"),
  expires_at: time.optional().describe("Not after this; a day after it may go by default, 7 days at most"),
});

/** The fields of `POST /v1/messages`, without whose message it is. */
export const SendFields = z.strictObject({ ...fields, ...urgency, ...times(timeInJson) });
type SendFields = z.infer<typeof SendFields>;

/** The fields of a message among many, which is never critical. */
export const BulkFields = z.strictObject({ ...fields, ...times(timeInJson) });

/** The fields of a document in an outbox, where times are timestamps. */
export const OutboxFields = z.strictObject({ ...fields, ...urgency, ...times(Instant) });

/** Keys under which the suite itself sends. */
const OWN_KEYS = [...AnswerKind.options, "test", "inbound", "outbox"];

/** Printable and visible, so that keys can be told apart in a log of the caller's. */
export const IdempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, "must be 1 to 128 visible ASCII characters")
  .refine(
    (key) => !OWN_KEYS.some((prefix) => key.startsWith(`${prefix}:`)),
    `must not start with ${OWN_KEYS.map((prefix) => `${prefix}:`).join(", ")}`,
  );

/** Under this key a request of an outbox is accepted, and nobody else may use it. */
export function outboxKey(requestId: string): string {
  return `outbox:${requestId}`;
}

/** A message that is asked for, as acceptance takes it. */
export function sendRequest(salonId: SalonId, idempotencyKey: string, asked: SendFields): SendRequest {
  const { send_at, expires_at, ...rest } = asked;
  if (asked.fallback != null && asked.critical !== true)
    throw invalid("fallback", "fallback: only a critical message has one; leave it out.");
  // Twilio takes the others and leaves them out without a word (support article 360017961894).
  if (asked.channel === "whatsapp" && asked.media !== undefined && asked.media.length > 1)
    throw invalid(
      "media",
      "media: a WhatsApp message carries one; send the others as messages of their own.",
    );
  return { ...rest, salonId, idempotencyKey, sendAt: send_at, expiresAt: expires_at };
}
