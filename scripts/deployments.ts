/** As Eventarc names what happened to a document. */
export type FirestoreEventType =
  `google.cloud.firestore.document.v1.${"created" | "updated" | "deleted" | "written"}${"" | ".withAuthContext"}`;

/** How a deployed function is reached. */
export type Trigger =
  /** `hosting`: path patterns that Firebase Hosting (or a load balancer) sends to it. Without, it is IAM-private. */
  | { readonly kind: "http"; readonly hosting: readonly string[] }
  | { readonly kind: "document"; readonly pattern: string; readonly eventType: FirestoreEventType }
  | { readonly kind: "topic"; readonly topic: string; readonly schedule?: string };

export interface Deployment {
  /** Name of the deployed service. */
  readonly name: string;
  /** Folder under `functions/`, whose bundle registers a function of the same name. */
  readonly source: string;
  readonly trigger: Trigger;
}

/** Every deployed service, in one table: the local stack, `firebase.json` and its test follow it. */
export const DEPLOYMENTS: readonly Deployment[] = [
  {
    name: "receive-message",
    source: "receive-message",
    trigger: { kind: "http", hosting: ["/webhooks/twilio/sms/**", "/webhooks/twilio/whatsapp/**"] },
  },
  {
    name: "receive-call",
    source: "receive-call",
    trigger: { kind: "http", hosting: ["/webhooks/twilio/voice/**"] },
  },
  {
    name: "receive-status",
    source: "receive-status",
    trigger: { kind: "http", hosting: ["/webhooks/twilio/status/**"] },
  },
  { name: "send-message", source: "send-message", trigger: { kind: "http", hosting: [] } },
  {
    name: "accept-outbox",
    source: "accept-outbox",
    trigger: {
      kind: "document",
      pattern: "salons/{salonId}/outbox/{requestId}",
      eventType: "google.cloud.firestore.document.v1.created",
    },
  },
  { name: "accept-outbox-due", source: "accept-outbox", trigger: { kind: "topic", topic: "outbox-due" } },
  {
    name: "provision-salon",
    source: "provision-salon",
    trigger: {
      kind: "document",
      pattern: "salon_integrations/{salonId}",
      eventType: "google.cloud.firestore.document.v1.written",
    },
  },
  {
    name: "audit-integration",
    source: "audit-integration",
    trigger: {
      kind: "document",
      pattern: "salon_integrations/{salonId}",
      eventType: "google.cloud.firestore.document.v1.written.withAuthContext",
    },
  },
  {
    name: "provision-salon-due",
    source: "provision-salon",
    trigger: { kind: "topic", topic: "provisioning-due" },
  },
  { name: "deliver-message", source: "deliver-message", trigger: { kind: "topic", topic: "outbound" } },
  {
    name: "deliver-message-critical",
    source: "deliver-message",
    trigger: { kind: "topic", topic: "outbound-critical" },
  },
  {
    name: "announce-message",
    source: "announce-change",
    trigger: {
      kind: "document",
      pattern: "messages/{messageId}",
      eventType: "google.cloud.firestore.document.v1.written",
    },
  },
  {
    name: "announce-call",
    source: "announce-change",
    trigger: {
      kind: "document",
      pattern: "calls/{callId}",
      eventType: "google.cloud.firestore.document.v1.written",
    },
  },
  { name: "place-call", source: "place-call", trigger: { kind: "topic", topic: "outbound-calls" } },
  {
    name: "wake-due-work",
    source: "wake-due-work",
    trigger: { kind: "topic", topic: "tick-wake-due-work", schedule: "* * * * *" },
  },
  {
    name: "manage-integration",
    source: "manage-integration",
    trigger: { kind: "http", hosting: ["/v1/salons/**", "/v1/openapi.json"] },
  },
  {
    name: "maintain-salons",
    source: "maintain-salons",
    trigger: { kind: "topic", topic: "tick-maintain-salons", schedule: "7 * * * *" },
  },
  {
    name: "maintain-salons-due",
    source: "maintain-salons",
    trigger: { kind: "topic", topic: "erasures-due" },
  },
  {
    name: "probe-integration",
    source: "probe-integration",
    trigger: { kind: "topic", topic: "incidents-due" },
  },
  {
    name: "send-notification",
    source: "send-notification",
    trigger: { kind: "topic", topic: "notifications" },
  },
  {
    name: "remind-rotation",
    source: "remind-rotation",
    // The first tick of the day does the work; the others go on with a run that died or ran out of time.
    trigger: { kind: "topic", topic: "tick-remind-rotation", schedule: "0 3-8 * * *" },
  },
  {
    name: "sync-messages",
    source: "sync-messages",
    trigger: { kind: "topic", topic: "tick-sync-messages", schedule: "*/5 * * * *" },
  },
  {
    name: "rollup-usage",
    source: "rollup-usage",
    trigger: { kind: "topic", topic: "tick-rollup-usage", schedule: "* * * * *" },
  },
];

/** Topics that others read. */
export const PUBLISHED_TOPICS = ["inbound-messages", "message-events", "call-events"] as const;
