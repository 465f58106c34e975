import type { AddressList } from "#shared/core/address-list.ts";
import type { Clock } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { withoutChannelPrefix } from "#shared/core/phone.ts";
import { clientAddress } from "#shared/runtime/client-address.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { isReachedAt, type WebhookAccount } from "./accounts.ts";
import { createFloodLimit } from "./flood-limit.ts";
import type { WebhookPolicy } from "./limits.ts";
import { refusal } from "./refusal.ts";
import { readSigned, type SignedRequest } from "./signed-request.ts";

export interface AdmissionDeps {
  readonly urls: WebhookUrls;
  readonly policy: WebhookPolicy;
  readonly clock: Clock;
  /** TWILIO_WEBHOOK_ALLOWED_CIDRS; anywhere without it. */
  readonly allowedFrom: AddressList | undefined;
  /** TRUSTED_PROXY_HOPS. */
  readonly trustedProxyHops: number;
}

/** What can be said of a webhook without asking anybody. */
export interface Admission {
  /** Reads a request that may be Twilio's; throws for one that cannot be. */
  read(request: HttpRequest): SignedRequest;
  /** Counts what `account` has signed for a salon or for the platform; throws over the limits. */
  count(salon: string, account: WebhookAccount, form: SignedRequest["form"]): void;
}

export function createAdmission(deps: AdmissionDeps): Admission {
  const { urls, policy, clock, allowedFrom, trustedProxyHops } = deps;
  const { takes, perSalon, perSender } = policy;
  const salonMay = createFloodLimit(perSalon, clock);
  const senderMay = perSender === undefined ? () => true : createFloodLimit(perSender, clock);

  return {
    read(request) {
      if (!isAllowed(request)) throw refusal("address-not-allowed");
      const signed = readSigned(request, urls, takes);
      if (signed === undefined) throw refusal("unsigned");
      return signed;
    },
    count(salon, account, form) {
      const sender = senderOf(account, form);
      if (sender !== undefined && !senderMay(`${salon} ${sender}`)) throw flood("flood-of-sender");
      if (!salonMay(salon)) throw flood("flood-of-salon");
    },
  };

  function isAllowed(request: HttpRequest): boolean {
    if (allowedFrom === undefined) return true;
    const address = clientAddress(request.header("x-forwarded-for"), trustedProxyHops);
    return address !== undefined && allowedFrom.has(address);
  }
}

function flood(outcome: string): AppError {
  return new AppError("resource-exhausted", "Too many webhooks at once.", { context: { outcome } });
}

/** The customer's side of it, which `To` names where we called; undefined for who hides their number. */
function senderOf(account: WebhookAccount, { From, To }: SignedRequest["form"]): string | undefined {
  const sender = withoutChannelPrefix((isReachedAt(account, From) ? To : From) ?? "");
  return /^\+?\d+$/.test(sender) ? sender : undefined;
}
