import { AppError } from "#shared/core/errors.ts";
import type { OurWebhooks } from "./numbers.ts";

/**
 * Twilio's connection overrides. By default it tries again only when it cannot connect, so a 5xx of ours would
 * lose the event; with these it tries three more times, also after a 5xx or a read timeout.
 */
const RETRY_OVERRIDES = "#rc=3&rp=5xx,ct,rt";

export interface WebhookUrlSet {
  sms(salonId: string): string;
  whatsapp(salonId: string): string;
  /** The call webhook, or one step of the call's script and where in the call it is. */
  voice(salonId: string, ...step: readonly string[]): string;
  /** State changes of calls: a number's `StatusCallback` is about calls only. */
  status(salonId: string): string;
  /** State changes of one attempt at one message. `attempt` counts from 1. */
  messageStatus(salonId: string, messageId: string, attempt: number): string;
  /** State changes of one attempt at a call that the salon makes. */
  callStatus(salonId: string, callId: string, attempt: number): string;
  /** What such a call says when it is answered, or one step of its script. */
  reminder(salonId: string, callId: string, attempt: number, step?: string): string;
}

export interface WebhookUrls extends WebhookUrlSet {
  /** All that a salon's phone number is pointed at. */
  ofNumber(salonId: string): OurWebhooks;
  /** The same addresses without the overrides: Twilio requests and signs these. */
  readonly plain: WebhookUrlSet;
  /** The address that Twilio requested and signed, from the path and query exactly as they arrived. */
  requested(pathAndQuery: string): string;
}

/**
 * The addresses of our webhooks under `publicBase` (an https origin with an optional path prefix; plain http only on
 * loopback), and of the file that answers calls while none of them does, under `fallbackBase`. Never built from request
 * headers, which anyone can write. Throws failed-precondition on another base.
 */
export function createWebhookUrls(publicBase: string, fallbackBase = publicBase): WebhookUrls {
  const base = checkedBase("PUBLIC_WEBHOOK_BASE", publicBase);
  const voiceFallbackUrl = `${checkedBase("VOICE_FALLBACK_BASE", fallbackBase)}/voice-fallback.xml`;
  const urls = urlSet(base, RETRY_OVERRIDES);
  return {
    ...urls,
    ofNumber: (salonId) => ({
      smsUrl: urls.sms(salonId),
      voiceUrl: urls.voice(salonId),
      voiceFallbackUrl,
      statusCallback: urls.status(salonId),
    }),
    plain: urlSet(base, ""),
    requested: (pathAndQuery) => `${base}${pathAndQuery}`,
  };
}

function urlSet(base: string, suffix: string): WebhookUrlSet {
  const url = (...segments: string[]) =>
    `${base}/webhooks/twilio/${segments.map(encodeURIComponent).join("/")}${suffix}`;
  return {
    sms: (salonId) => url("sms", salonId),
    whatsapp: (salonId) => url("whatsapp", salonId),
    voice: (salonId, ...step) => url("voice", salonId, ...step),
    status: (salonId) => url("status", salonId),
    messageStatus: (salonId, messageId, attempt) => url("status", salonId, messageId, String(attempt)),
    callStatus: (salonId, callId, attempt) => url("status", salonId, "calls", callId, String(attempt)),
    reminder: (salonId, callId, attempt, step) =>
      url("voice", salonId, "reminder", callId, String(attempt), ...(step === undefined ? [] : [step])),
  };
}

function checkedBase(field: string, publicBase: string): string {
  const url = URL.canParse(publicBase) ? new URL(publicBase) : undefined;
  const secure = url?.protocol === "https:" || (url?.protocol === "http:" && isLoopback(url.hostname));
  const bare = url !== undefined && `${url.search}${url.hash}${url.username}${url.password}` === "";
  // Twilio takes no address whose host name has an underscore.
  if (!secure || !bare || url.hostname.includes("_")) {
    throw new AppError(
      "failed-precondition",
      `${field} must be an https address without query, fragment or user, such as https://hooks.example.com.`,
      { context: { field } },
    );
  }
  return publicBase.replace(/\/+$/, "");
}

function isLoopback(hostname: string): boolean {
  return ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
