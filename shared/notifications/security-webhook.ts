import { Webhook } from "standardwebhooks";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import type { Secret } from "#shared/core/secret.ts";
import { type Channel, refusedBy, type Told } from "./channel.ts";

export interface SecurityWebhookSettings {
  readonly url: Secret | undefined;
  /** whsec_…, as the Standard Webhooks specification has it. */
  readonly secret: Secret | undefined;
  readonly clock: Clock;
}

type Facts = Told["notification"]["facts"] & { readonly by_name?: string | undefined };

const SERVICE = "The security webhook";
const DEADLINE_MS = 10_000;

/**
 * Posts to the security team's own system, signed by Standard Webhooks (standardwebhooks.com). `webhook-id` is the
 * notification's id, the same in every repetition, so that receivers can leave out what they have. Never unsigned.
 */
export function createSecurityWebhook({ url, secret, clock }: SecurityWebhookSettings): Channel {
  if (url === undefined)
    return async () => ({ state: "skipped", reason: "SECURITY_WEBHOOK_URL is not set." });
  if (secret === undefined) {
    throw new AppError("internal", "SECURITY_WEBHOOK_URL needs SECURITY_WEBHOOK_SECRET. See .env.example.");
  }
  const signer = new Webhook(secret.reveal());
  return async (told) => {
    const body = JSON.stringify(payloadOf(told));
    const now = clock.now();
    const { id } = told.notification;
    const headers = {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1000)),
      "webhook-signature": signer.sign(id, now, body),
    };
    const signal = AbortSignal.timeout(DEADLINE_MS);
    const request = { method: "POST", headers, body, redirect: "error", signal } as const;
    const response = await fetch(url.reveal(), request).catch((error: unknown) => {
      throw refusedBy(SERVICE, undefined, error);
    });
    await response.body?.cancel();
    if (!response.ok) throw refusedBy(SERVICE, response.status);
    return { state: "sent" };
  };
}

/** `type`, `timestamp` and `data`, as the specification recommends; dates in ISO 8601. Who it was, by id alone. */
function payloadOf({ notification, contact }: Told) {
  const { id, kind, salon_id, created_at } = notification;
  const { by_name: _, ...facts }: Facts = notification.facts;
  const salon = salon_id === null ? {} : { salon_id, salon_name: contact.salonName };
  return {
    type: `${salon_id === null ? "platform" : "salon"}.${kind}`,
    timestamp: created_at,
    data: { notification_id: id, ...salon, ...facts },
  };
}
