import { z } from "zod";
import { MessageId, SalonId, sha256Hex } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { plainWords } from "./plain-words.ts";

/** A notification's id: 40 hexadecimal digits. */
export const NotificationId = z
  .string()
  .regex(/^[0-9a-f]{40}$/, "must be a notification id: 40 hexadecimal digits")
  .brand("NotificationId");
export type NotificationId = z.infer<typeof NotificationId>;

const MAX_CHARACTERS = 300;
const MAX_FIELDS = 20;
const Words = z.string().transform((value) => plainWords(value, MAX_CHARACTERS));

const notice = <Kind extends string, Facts extends z.ZodRawShape>(kind: Kind, facts: Facts) =>
  z.object({ kind: z.literal(kind), facts: z.strictObject(facts) });

/** Who it was: `by` their id, for security; `by_name` for the owner alone, who knows people by address, not by id. */
const by = { by: Words, by_name: Words.optional() };

/** Everything there is to tell, each with the facts it needs: names and dates, never a credential. */
export const Notice = z.discriminatedUnion("kind", [
  notice("credentials_changed", { ...by, at: Instant, rollback_until: Instant.nullable() }),
  notice("credentials_rolled_back", { ...by, at: Instant }),
  /** `webhooks_left`: Twilio did not let us point the number away from us. */
  notice("integration_disconnected", { ...by, at: Instant, webhooks_left: z.boolean().optional() }),
  /** `reason`: in words for the salon's owner. */
  notice("integration_failed", { reason: Words, at: Instant }),
  /** The end of one of those. `since`: when it began. */
  notice("integration_recovered", { since: Instant, at: Instant }),
  /** Messaging works, but not all of it will by itself. `reason`: in words for the salon's owner. */
  notice("attention_needed", { reason: Words, at: Instant }),
  notice("rotation_due", {
    threshold_days: z.literal([75, 85, 90]),
    last_rotated_at: Instant,
    due_at: Instant,
  }),
  /** `by`: the account Firestore names. `fields`: names of fields, never their values. */
  notice("changed_outside", {
    by: Words,
    at: Instant,
    fields: z.array(Words).transform((fields) => fields.slice(0, MAX_FIELDS)),
  }),
  /** Messages that ended without arriving; `reason` in words for the salon's owner. */
  notice("messages_not_delivered", { reason: Words, at: Instant }),
  /** Calls to customers that could not be made; `reason` in words for the salon's owner. */
  notice("calls_not_made", { reason: Words, at: Instant }),
  /** A caller's recorded message; who called is not told. */
  notice("voicemail_left", { seconds: z.int().positive(), at: Instant }),
  /** Twilio refuses what only we can mend. */
  notice("delivery_trouble", { failure_class: Words, twilio_code: z.int().nullable(), at: Instant }),
  notice("message_sent_twice", { message_id: MessageId, at: Instant }),
  notice("data_erased", { ...by, at: Instant }),
  /** `account`: the label of one of PLATFORM_ACCOUNTS. */
  notice("platform_credentials_rotated", { account: Words, at: Instant }),
  notice("platform_rotation_failed", { account: Words, reason: Words, at: Instant }),
]);
export type Notice = z.infer<typeof Notice>;
export type NotificationKind = Notice["kind"];

export const CHANNELS = ["email", "slack", "webhook"] as const;
export type ChannelName = (typeof CHANNELS)[number];

/** `owner` is told by e-mail, `security` through Slack and a signed webhook. */
export const Audience = z.enum(["owner", "security"]);
export type Audience = z.infer<typeof Audience>;

/** How far one channel is. `pending` is tried at `retry_at`, or at once; the others are final. */
const ChannelRecord = z.object({
  state: z.enum(["pending", "sent", "skipped", "failed"]),
  /** Written before each attempt. */
  attempts: z.int(),
  last_error: z.string().nullable(),
  retry_at: Instant.nullable(),
  sent_at: Instant.nullable(),
});
export type ChannelRecord = z.infer<typeof ChannelRecord>;

const Delivery = z.object({
  id: NotificationId,
  /** null: it is about the platform itself. */
  salon_id: SalonId.nullable(),
  audience: z.array(Audience),
  channels: z.object({ email: ChannelRecord, slack: ChannelRecord, webhook: ChannelRecord }),
  /** The worker that sends now; after `until` another may take over. */
  lease: z.object({ holder: z.string(), until: Instant }).nullable(),
  /** Only while a channel is pending. */
  due_at: Instant.optional(),
  created_at: Instant,
});

/** `notifications/{id}`: something that happened and who has been told. */
export const Notification = z.intersection(Delivery, Notice);
export type Notification = z.infer<typeof Notification>;

/** The id of the one notification for a salon (or the platform: null), a kind and a key of the caller's. */
export function notificationIdOf(
  salonId: SalonId | null,
  kind: NotificationKind,
  key: string,
): NotificationId {
  return NotificationId.parse(sha256Hex("notification", salonId ?? "", kind, key).slice(0, 40));
}
