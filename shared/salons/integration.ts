import { z } from "zod";
import { Instant } from "#shared/core/instant.ts";
import { envelopeSchema } from "#shared/vault/envelope.ts";

const phoneNumber = z
  .string()
  .refine((value) => value.startsWith("+"), "Phone number must be in E.164 format (+countrycode...)")
  .nullable()
  .default(null);

const Capabilities = z
  .object({
    voice: z.boolean().default(false),
    sms: z.boolean().default(false),
    whatsapp: z.boolean().default(false),
    mms: z.boolean().default(false),
  })
  .prefault({});
export type Capabilities = z.infer<typeof Capabilities>;

const WebhookStatus = z.enum(["not_configured", "configured", "error"]);

/** What the own account had before the last rotation: verifiers still take it, and a rollback puts it back. */
export const PreviousCredentials = z.object({
  account_sid: envelopeSchema,
  auth_token: envelopeSchema,
  phone_number: phoneNumber,
  whatsapp_number: phoneNumber,
  rotated_at: Instant,
  /** After this a rollback refuses. How long verifiers take it, and when it is purged: own-tokens.ts. */
  expires_at: Instant,
  /** Whether it is of the same Twilio account as the current one: then it may be what still signs. */
  same_account: z.boolean().default(false),
});
export type PreviousCredentials = z.infer<typeof PreviousCredentials>;

/** A token that is about to become current: senders use it at once, verifiers take it too. */
export const NextToken = z.object({
  auth_token: envelopeSchema,
  /** `pasted` by the owner, or made by us as Twilio's secondary token, to be `promoted`. */
  origin: z.enum(["pasted", "secondary"]),
  stored_at: Instant,
});
export type NextToken = z.infer<typeof NextToken>;

/** The salon's own Twilio account, and nothing else (spec §3.1). `is_active` means: route through it. */
export const TwilioConfig = z.object({
  account_sid: envelopeSchema.nullable().default(null),
  auth_token: envelopeSchema.nullable().default(null),
  /**
   * Since when the current token is known to be the primary one, which signs: Twilio said so, or a webhook bore its
   * signature. Null after every change of it: a pasted token may be a secondary one that was never promoted.
   */
  token_signs_since: Instant.nullable().default(null),
  next_auth_token: NextToken.nullable().default(null),
  previous: PreviousCredentials.nullable().default(null),
  phone_number: phoneNumber,
  phone_number_sid: z.string().nullable().default(null),
  /** What the salon's number pointed at before it pointed at us, to be put back on disconnect. */
  earlier_webhooks: z.record(z.string(), z.string()).nullable().default(null),
  whatsapp_number: phoneNumber,
  mode: z.enum(["sandbox", "production"]).default("sandbox"),
  is_active: z.boolean().default(false),
  is_verified: z.boolean().default(false),
  verification_status: z.enum(["pending", "verified", "failed"]).default("pending"),
  capabilities: Capabilities,
  webhook_base_url: z.string().nullable().default(null),
  webhook_status: WebhookStatus.default("not_configured"),
  usage: z
    .object({
      messages_sent: z.int().default(0),
      messages_received: z.int().default(0),
      calls_made: z.int().default(0),
      calls_received: z.int().default(0),
      whatsapp_sent: z.int().default(0),
      whatsapp_received: z.int().default(0),
      last_updated: Instant.nullable().default(null),
    })
    .prefault({}),
  billing_mode: z.enum(["platform", "own_account"]).default("platform"),
  configured_at: Instant.nullable().default(null),
  /** When the credentials were last replaced; until then `configured_at` says how old they are. */
  rotated_at: Instant.nullable().default(null),
  verified_at: Instant.nullable().default(null),
  last_used_at: Instant.nullable().default(null),
});
export type TwilioConfig = z.infer<typeof TwilioConfig>;

/** The salon's subaccount under one of the platform's parent accounts. */
export const PlatformConfig = z.object({
  /** Which of `PLATFORM_ACCOUNTS` the subaccount belongs to. */
  parent: z.string(),
  account_sid: envelopeSchema,
  auth_token: envelopeSchema,
  phone_number: phoneNumber,
  phone_number_sid: z.string().nullable().default(null),
  whatsapp_number: phoneNumber,
  capabilities: Capabilities,
  webhook_status: WebhookStatus.default("not_configured"),
  is_active: z.boolean().default(false),
  configured_at: Instant.nullable().default(null),
});
export type PlatformConfig = z.infer<typeof PlatformConfig>;

/** What the dashboard's banner says of the age of the own account's credentials. */
export const Rotation = z.object({
  due_at: Instant,
  last_rotated_at: Instant,
  level: z.enum(["none", "soon", "due", "overdue"]),
});
export type Rotation = z.infer<typeof Rotation>;

/** What is wrong with one of the salon's Twilio accounts; `incidents/` has the rest of it. */
export const Trouble = z.object({
  class: z.enum(["credential", "account", "sender"]),
  /** In words for the salon's owner. */
  reason: z.string(),
  /** The one channel whose sender cannot be used; null for all. */
  channel: z.enum(["sms", "whatsapp"]).nullable(),
  since: Instant,
});
export type Trouble = z.infer<typeof Trouble>;

/** The accounts of a salon that can be in trouble, each with what it is in. */
export const Health = z.object({
  salon_own: Trouble.nullable().default(null),
  platform_subaccount: Trouble.nullable().default(null),
});
export type Health = z.infer<typeof Health>;

/** What the owner wants, and who said so. The rest of the document is the outcome. */
export const Requested = z.object({
  messaging: z.enum(["platform", "own_account", "off"]),
  by: z.string(),
  at: Instant,
});
export type Requested = z.infer<typeof Requested>;

/** `salon_integrations/{salonId}` (spec §3.1). */
export const SalonIntegration = z.object({
  salon_id: z.string(),
  requested: Requested.nullable().default(null),
  /** The salon's data is being erased: nobody but the erasure may change anything here, and no message is accepted. */
  erasing: z.boolean().default(false),
  twilio: TwilioConfig.prefault({}),
  platform: PlatformConfig.nullable().default(null),
  rotation: Rotation.nullable().default(null),
  health: Health.prefault({}),
  email: z.record(z.string(), z.unknown()).nullable().default(null),
  payment: z.record(z.string(), z.unknown()).nullable().default(null),
  analytics: z.record(z.string(), z.unknown()).nullable().default(null),
  status: z.enum(["not_configured", "partial", "active", "error"]).default("not_configured"),
  /** Why `status` is what it is, in words for the salon's owner. */
  status_reason: z.string().nullable().default(null),
  revision: z.int().default(0),
  created_at: Instant.default(() => new Date()),
  updated_at: Instant.default(() => new Date()),
  created_by: z.string().nullable().default(null),
  updated_by: z.string().nullable().default(null),
});
export type SalonIntegration = z.infer<typeof SalonIntegration>;
