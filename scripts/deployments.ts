import type { FunctionName } from "./function-variables.ts";

/** As Eventarc names what happened to a document. */
export type FirestoreEventType =
  `google.cloud.firestore.document.v1.${"created" | "updated" | "deleted" | "written"}${"" | ".withAuthContext"}`;

/** How a deployed function is reached. */
export type Trigger =
  /** `hosting`: path patterns that Firebase Hosting (or a load balancer) sends to it. Without, it is IAM-private. */
  | { readonly kind: "http"; readonly hosting: readonly string[] }
  | { readonly kind: "document"; readonly pattern: string; readonly eventType: FirestoreEventType }
  /** `schedule`: in UTC, as cron has it. */
  | { readonly kind: "topic"; readonly topic: string; readonly schedule?: string };

/** What an instance is given. Each has one CPU, without which it takes one request at a time. */
export interface Instances {
  /** For one request or event; of events at most 540. */
  readonly timeoutSeconds: number;
  /** Requests or events at once. */
  readonly concurrency: number;
  /** Instances that are kept warm. */
  readonly minInstances: number;
}

/** Somebody waits: Twilio for 15 seconds, a service for its answer. */
const ANSWER: Instances = { timeoutSeconds: 30, concurrency: 40, minInstances: 1 };
/** Well over the longest call to Twilio with its repetitions. */
const EVENT: Instances = { timeoutSeconds: 120, concurrency: 16, minInstances: 0 };
/** A pass over many salons, which stops by itself after some four minutes and goes on at the next tick. */
const PASS: Instances = { timeoutSeconds: 540, concurrency: 1, minInstances: 0 };

export interface Deployment {
  /** Name of the deployed service. */
  readonly name: string;
  /** Folder under `functions/`, whose bundle registers a function of the same name. */
  readonly source: FunctionName;
  readonly trigger: Trigger;
  readonly instances: Instances;
}

/**
 * Every deployed service, in one table: the local stack, `npm run deploy:plan`, `firebase.json` and its test follow it.
 * What it reads from its environment stands in `FUNCTION_VARIABLES`, by its source.
 */
export const DEPLOYMENTS: readonly Deployment[] = [
  {
    name: "receive-message",
    source: "receive-message",
    trigger: { kind: "http", hosting: ["/webhooks/twilio/sms/**", "/webhooks/twilio/whatsapp/**"] },
    instances: ANSWER,
  },
  {
    name: "receive-call",
    source: "receive-call",
    trigger: { kind: "http", hosting: ["/webhooks/twilio/voice/**"] },
    instances: ANSWER,
  },
  {
    name: "receive-status",
    source: "receive-status",
    trigger: { kind: "http", hosting: ["/webhooks/twilio/status/**"] },
    instances: ANSWER,
  },
  { name: "send-message", source: "send-message", trigger: { kind: "http", hosting: [] }, instances: ANSWER },
  {
    name: "accept-outbox",
    source: "accept-outbox",
    trigger: {
      kind: "document",
      pattern: "salons/{salonId}/outbox/{requestId}",
      eventType: "google.cloud.firestore.document.v1.created",
    },
    instances: EVENT,
  },
  {
    name: "accept-outbox-due",
    source: "accept-outbox",
    trigger: { kind: "topic", topic: "outbox-due" },
    instances: EVENT,
  },
  {
    name: "provision-salon",
    source: "provision-salon",
    trigger: {
      kind: "document",
      pattern: "salon_integrations/{salonId}",
      eventType: "google.cloud.firestore.document.v1.written",
    },
    instances: EVENT,
  },
  {
    name: "audit-integration",
    source: "audit-integration",
    trigger: {
      kind: "document",
      pattern: "salon_integrations/{salonId}",
      eventType: "google.cloud.firestore.document.v1.written.withAuthContext",
    },
    instances: EVENT,
  },
  {
    name: "provision-salon-due",
    source: "provision-salon",
    trigger: { kind: "topic", topic: "provisioning-due" },
    instances: EVENT,
  },
  {
    name: "deliver-message",
    source: "deliver-message",
    trigger: { kind: "topic", topic: "outbound" },
    instances: EVENT,
  },
  {
    name: "deliver-message-critical",
    source: "deliver-message",
    trigger: { kind: "topic", topic: "outbound-critical" },
    instances: { ...EVENT, minInstances: 1 },
  },
  {
    name: "announce-message",
    source: "announce-change",
    trigger: {
      kind: "document",
      pattern: "messages/{messageId}",
      eventType: "google.cloud.firestore.document.v1.written",
    },
    instances: EVENT,
  },
  {
    name: "announce-call",
    source: "announce-change",
    trigger: {
      kind: "document",
      pattern: "calls/{callId}",
      eventType: "google.cloud.firestore.document.v1.written",
    },
    instances: EVENT,
  },
  {
    name: "place-call",
    source: "place-call",
    trigger: { kind: "topic", topic: "outbound-calls" },
    // It mostly sleeps until a call's second has come.
    instances: { ...EVENT, concurrency: 80 },
  },
  {
    name: "wake-due-work",
    source: "wake-due-work",
    trigger: { kind: "topic", topic: "tick-wake-due-work", schedule: "* * * * *" },
    // A tick takes its whole minute; the next one may begin beside it.
    instances: EVENT,
  },
  {
    name: "manage-integration",
    source: "manage-integration",
    trigger: { kind: "http", hosting: ["/v1/salons/**", "/v1/openapi.json"] },
    // The export is streamed.
    instances: { ...ANSWER, timeoutSeconds: 300, minInstances: 0 },
  },
  {
    name: "maintain-salons",
    source: "maintain-salons",
    trigger: { kind: "topic", topic: "tick-maintain-salons", schedule: "*/5 * * * *" },
    instances: PASS,
  },
  {
    name: "maintain-salons-due",
    source: "maintain-salons",
    trigger: { kind: "topic", topic: "erasures-due" },
    instances: PASS,
  },
  {
    name: "probe-integration",
    source: "probe-integration",
    trigger: { kind: "topic", topic: "incidents-due" },
    instances: EVENT,
  },
  {
    name: "send-notification",
    source: "send-notification",
    trigger: { kind: "topic", topic: "notifications" },
    instances: EVENT,
  },
  {
    name: "remind-rotation",
    source: "remind-rotation",
    // The first tick of the day does the work; the others go on with a run that died or ran out of time.
    trigger: { kind: "topic", topic: "tick-remind-rotation", schedule: "0 3-8 * * *" },
    instances: PASS,
  },
  {
    name: "sync-messages",
    source: "sync-messages",
    trigger: { kind: "topic", topic: "tick-sync-messages", schedule: "*/5 * * * *" },
    instances: PASS,
  },
  {
    name: "rollup-usage",
    source: "rollup-usage",
    trigger: { kind: "topic", topic: "tick-rollup-usage", schedule: "* * * * *" },
    instances: PASS,
  },
];

/** Topics that others read. */
export const PUBLISHED_TOPICS = ["inbound-messages", "message-events", "call-events"] as const;
