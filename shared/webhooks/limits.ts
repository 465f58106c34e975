import type { Limits } from "#shared/pacing/token-bucket.ts";

/** Twilio's largest webhook, a message with ten media and all that Twilio adds, stays well under this. */
export const MAX_WEBHOOK_BYTES = 65_536;

/** What an instance reads of a request at all; between the two, the sender is told that it is too much. */
export const MAX_INTAKE_BYTES = 1_048_576;

/** How the parameters come: as a posted form, in the query of a GET, or as a posted JSON object. */
export type SignedKind = "form" | "query" | "json";

/** What one function takes, and how much of it. */
export interface WebhookPolicy {
  readonly takes: readonly SignedKind[];
  readonly perSalon: Limits;
  /** Of one customer to one salon. */
  readonly perSender: Limits | undefined;
}

/**
 * The limits are far above what people do, and count on each instance alone: they are there for its memory and for
 * Firestore, and an exact count over all instances would cost the very writes that they save. What is over them is
 * answered 429, which Twilio does not repeat: after a 5xx it would (`rp=5xx` in every address of ours), and fourfold the
 * flood. Nothing is lost for good: `sync-messages` reads messages, states and calls from Twilio's own lists minutes later.
 */
export const WEBHOOK_POLICIES = {
  "receive-message": {
    // The sandbox's address is pasted into Twilio's Console by hand, where its method can be chosen.
    takes: ["form", "query"],
    perSalon: { perMinute: 600, burst: 1_200 },
    // Thirty pictures forwarded at once are thirty messages.
    perSender: { perMinute: 30, burst: 60 },
  },
  "receive-call": {
    // Every address of a call is set by us, and set to POST.
    takes: ["form"],
    // Reminder calls come in the numbers of a campaign, and each asks several times what to say.
    perSalon: { perMinute: 1_200, burst: 2_400 },
    // Over it Twilio fetches the voice fallback, so that the caller hears a sentence.
    perSender: { perMinute: 60, burst: 120 },
  },
  "receive-status": {
    takes: ["form", "query", "json"],
    // Four states of each message of a burst that SALON_MESSAGES_BURST lets a salon send. Customers cause none.
    perSalon: { perMinute: 6_000, burst: 24_000 },
    perSender: undefined,
  },
} as const satisfies Record<string, WebhookPolicy>;

/** Who is called by Twilio. */
export type WebhookFunction = keyof typeof WEBHOOK_POLICIES;

/**
 * How often a refused webhook may have its salon's integration read again, on one instance. While forged ones use all
 * of it up they also keep the cached copy no older than a second.
 */
export const REREADS_PER_SALON: Limits = { perMinute: 60, burst: 10 };

/** The same of a parent's token in Secret Manager, for webhooks under the parent's own AccountSid. */
export const REREADS_OF_PARENTS: Limits = { perMinute: 12, burst: 5 };

/**
 * How often salons that an instance has not met before may be looked up, all together: more than all true ones at its
 * start, and at most 3 million reads a day of what somebody has invented.
 */
export const FIRST_READS: Limits = { perMinute: 2_000, burst: 4_000 };
