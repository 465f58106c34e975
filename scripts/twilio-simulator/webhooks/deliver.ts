import type { Random } from "../random.ts";
import type { Timers } from "../timers.ts";
import type { Accounts } from "../world/account.ts";
import { type ConnectionOverrides, readConnectionOverrides, type Trouble } from "./connection-overrides.ts";
import type { Exchange, Outcome } from "./exchange.ts";
import { maskedUrl, type WebhookKind, type WebhookLog } from "./log.ts";
import { signatureOf } from "./signature.ts";

export interface Webhook {
  readonly kind: WebhookKind;
  /** Owns the resource, so its primary token signs. */
  readonly accountSid: string;
  readonly resourceSid: string;
  readonly event: string;
  /** With the connection overrides in its fragment. */
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly parameters: Readonly<Record<string, string>>;
  readonly fallback?: { readonly url: string; readonly method: "GET" | "POST" } | undefined;
  /** Copies of one webhook share it, as Twilio's own repetitions do. */
  readonly idempotencyToken?: string;
}

export interface Delivery {
  /** The address that had the last word: the fallback's if the first one failed. */
  readonly url: string;
  /** Null when no answer came. */
  readonly status: number | null;
  readonly contentType: string;
  readonly body: string;
  /** Over both addresses. */
  readonly attempts: number;
  readonly usedFallback: boolean;
}

export type Deliver = (webhook: Webhook) => Promise<Delivery>;

interface Deps {
  readonly accounts: Accounts;
  readonly exchange: Exchange;
  readonly log: WebhookLog;
  readonly random: Random;
  readonly timers: Timers;
}

const PAUSE_BETWEEN_ATTEMPTS_MS = 20;
const MOST_REDIRECTS = 10;
/** Twilio's alert for a webhook that did not answer well; the fallback address is told. */
const RETRIEVAL_FAILURE = "11200";

/** Sends webhooks as Twilio does: signed, with its connection overrides, its retries and its fallback address. */
export function createDeliver({ accounts, exchange, log, random, timers }: Deps): Deliver {
  function signedRequest(webhook: Webhook, address: string, token: string, overrides: ConnectionOverrides) {
    const secret = accounts.find(webhook.accountSid)?.authToken ?? "";
    const form = new URLSearchParams(webhook.parameters).toString();
    const url = webhook.method === "GET" ? withQuery(address, form) : address;
    const posted = webhook.method === "GET" ? {} : webhook.parameters;
    const headers = {
      "user-agent": "TwilioProxy/1.1",
      accept: "*/*",
      "i-twilio-idempotency-token": token,
      "x-twilio-signature": signatureOf(secret, signedUrl(url, webhook.kind), posted),
      ...(webhook.method === "POST" && {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
      }),
    };
    const { connectTimeoutMs, readTimeoutMs } = overrides;
    const body = webhook.method === "POST" ? form : "";
    return { url, method: webhook.method, headers, body, connectTimeoutMs, readTimeoutMs };
  }

  /** Twilio follows a redirect with GET and drops what it had posted. */
  async function attempt(webhook: Webhook, url: string, token: string, overrides: ConnectionOverrides) {
    let outcome = await exchange(signedRequest(webhook, url, token, overrides));
    let at = url;
    for (let hops = 0; hops < MOST_REDIRECTS; hops += 1) {
      if (outcome.kind === "failure" || outcome.location === undefined) return outcome;
      if (outcome.status < 300 || outcome.status > 399 || !URL.canParse(outcome.location, at)) return outcome;
      at = new URL(outcome.location, at).href;
      outcome = await exchange(
        signedRequest({ ...webhook, method: "GET", parameters: {} }, at, token, overrides),
      );
    }
    return outcome;
  }

  async function tryAddress(webhook: Webhook, token: string): Promise<Delivery> {
    const keep = log.begin();
    const { url, overrides } = readConnectionOverrides(webhook.url);
    const deadline = Date.now() + overrides.totalTimeoutMs;
    let attempts = 1;
    let outcome = await attempt(webhook, url, token, overrides);
    while (attempts <= overrides.retryCount && Date.now() < deadline) {
      const trouble = troubleOf(outcome);
      if (trouble === undefined || !overrides.retryOn.has(trouble)) break;
      if (!(await timers.pause(PAUSE_BETWEEN_ATTEMPTS_MS * attempts))) break;
      attempts += 1;
      outcome = await attempt(webhook, url, token, overrides);
    }
    const status = outcome.kind === "answer" ? outcome.status : null;
    keep({
      at: new Date().toISOString(),
      kind: webhook.kind,
      account_sid: webhook.accountSid,
      resource_sid: webhook.resourceSid,
      event: webhook.event,
      method: webhook.method,
      url: maskedUrl(webhook.url),
      status,
      attempts,
      failure: outcome.kind === "failure" ? outcome.reason : null,
    });
    const { contentType, body } = outcome.kind === "answer" ? outcome : { contentType: "", body: "" };
    return { url: webhook.url, status, contentType, body, attempts, usedFallback: false };
  }

  return async (webhook) => {
    // Forgotten by a reset: there is no token left to sign with.
    if (accounts.find(webhook.accountSid) === undefined) return unsent(webhook);
    const token = webhook.idempotencyToken ?? random.hex(32);
    const first = await tryAddress(webhook, token);
    const { fallback, ...primary } = webhook;
    if (fallback === undefined || fallback.url === "" || succeeded(first)) return first;
    const told = {
      ...webhook.parameters,
      ErrorCode: RETRIEVAL_FAILURE,
      ErrorUrl: webhook.url.split("#")[0] ?? "",
    };
    const second = await tryAddress({ ...primary, ...fallback, parameters: told }, token);
    return { ...second, attempts: first.attempts + second.attempts, usedFallback: true };
  };
}

function unsent({ url }: Webhook): Delivery {
  return { url, status: null, contentType: "", body: "", attempts: 0, usedFallback: false };
}

export function succeeded(delivery: Delivery): boolean {
  return delivery.status !== null && delivery.status >= 200 && delivery.status < 300;
}

function troubleOf(outcome: Outcome): Trouble | undefined {
  if (outcome.kind === "failure") return outcome.trouble;
  if (outcome.status >= 500) return "5xx";
  return outcome.status >= 400 ? "4xx" : undefined;
}

function withQuery(url: string, query: string): string {
  if (query === "") return url;
  return `${url}${url.includes("?") ? "&" : "?"}${query}`;
}

/** Never signed: user and password; and for voice over HTTPS, the port. */
function signedUrl(url: string, kind: WebhookKind): string {
  const bare = url.replace(/^(https?:\/\/)[^/?]*@/, "$1");
  const isVoice = kind === "call" || kind === "call-status";
  return isVoice ? bare.replace(/^(https:\/\/[^/:?]+):\d+/, "$1") : bare;
}
