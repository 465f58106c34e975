import type { variables } from "#shared/core/config.ts";

export type Variable = keyof typeof variables.shape;

const EVERY = ["GOOGLE_CLOUD_PROJECT", "LOG_LEVEL"] as const;
const VAULT = ["KMS_KEY_NAME", "CREDENTIALS_ACCEPT_UNVERSIONED", "CREDENTIALS_UNVERSIONED_KEY_NAME"] as const;
const WEBHOOK = [
  ...EVERY,
  ...VAULT,
  "PLATFORM_ACCOUNTS",
  "PUBLIC_WEBHOOK_BASE",
  "PARTY_HASH_KEY",
  "TWILIO_WEBHOOK_ALLOWED_CIDRS",
  "WEBHOOK_INGRESS",
  "TRUSTED_PROXY_HOPS",
] as const;
const LEASE = ["MESSAGE_LEASE_SECONDS", "UNCERTAIN_RECHECK_SECONDS"] as const;
const DELIVERY = [
  ...EVERY,
  ...VAULT,
  ...LEASE,
  "PLATFORM_ACCOUNTS",
  "PUBLIC_WEBHOOK_BASE",
  "VOICE_FALLBACK_BASE",
  "PARTY_HASH_KEY",
] as const;
const SALON_LIMITS = ["SALON_MESSAGES_PER_MINUTE", "SALON_MESSAGES_BURST"] as const;
const MAIL = ["SMTP_URL", "MAIL_FROM"] as const;

/** What each folder of `functions/` reads from its environment in a deployment; `.env.example` says what each is. */
export const FUNCTION_VARIABLES = {
  "accept-outbox": [...EVERY, ...SALON_LIMITS, "PARTY_HASH_KEY"],
  "announce-change": [...EVERY, ...VAULT, "PARTY_HASH_KEY"],
  "audit-integration": [...EVERY, "AUDIT_TRUSTED_PRINCIPALS"],
  "deliver-message": [...DELIVERY, ...MAIL],
  "maintain-salons": [...EVERY, ...VAULT, "PUBLIC_WEBHOOK_BASE", "VOICE_FALLBACK_BASE", "PLATFORM_ACCOUNTS"],
  "manage-integration": [...DELIVERY, "DASHBOARD_ORIGIN", "TRUSTED_PROXY_HOPS"],
  "place-call": [...EVERY, ...VAULT, ...LEASE, "PUBLIC_WEBHOOK_BASE"],
  "probe-integration": [...EVERY, ...VAULT],
  "provision-salon": [...DELIVERY, "NUMBER_COUNTRY", "NUMBER_PURCHASES_PER_HOUR"],
  "receive-call": WEBHOOK,
  "receive-message": WEBHOOK,
  "receive-status": WEBHOOK,
  "remind-rotation": EVERY,
  "rollup-usage": EVERY,
  "send-message": [...EVERY, ...SALON_LIMITS, "PARTY_HASH_KEY", "CALLER_TOKENS", "SEND_MESSAGE_AUDIENCE"],
  "send-notification": [
    ...EVERY,
    ...MAIL,
    "SLACK_WEBHOOK_URL",
    "SECURITY_WEBHOOK_URL",
    "SECURITY_WEBHOOK_SECRET",
  ],
  "sync-messages": [...EVERY, ...VAULT, "PLATFORM_ACCOUNTS", "PARTY_HASH_KEY"],
  "wake-due-work": EVERY,
} as const satisfies Record<string, readonly Variable[]>;

/** A folder of `functions/`. */
export type FunctionName = keyof typeof FUNCTION_VARIABLES;

/** These a deployment takes from Secret Manager, and by which names. */
export const SECRET_VARIABLES = {
  PARTY_HASH_KEY: "party-hash-key",
  SMTP_URL: "smtp-url",
  SLACK_WEBHOOK_URL: "slack-webhook-url",
  SECURITY_WEBHOOK_URL: "security-webhook-url",
  SECURITY_WEBHOOK_SECRET: "security-webhook-secret",
} as const satisfies Partial<Record<Variable, string>>;

/** These are for one machine alone: no deployment has them. */
export const LOCAL_VARIABLES: readonly Variable[] = [
  "FIRESTORE_EMULATOR_HOST",
  "PUBSUB_EMULATOR_HOST",
  "FIREBASE_AUTH_EMULATOR_HOST",
  "KMS_ENDPOINT",
  "SECRET_MANAGER_ENDPOINT",
  "TWILIO_API_BASE_URL",
];
