import { AppError } from "#shared/core/errors.ts";
import type { Notification } from "./notification.ts";

/** Whom and what a notification is about, as the platform's own documents have it. */
export interface Contact {
  readonly salonName: string;
  /** Where the owner reads mail; null when the platform knows no address. */
  readonly ownerEmail: string | null;
  /** IANA zone, in which dates are told. */
  readonly timeZone: string;
}

export interface Told {
  readonly notification: Notification;
  readonly contact: Contact;
}

/** `skipped`: there is nobody to send it to. */
export type Sent = { readonly state: "sent" } | { readonly state: "skipped"; readonly reason: string };

/** Sends one notification. Throws an `AppError` whose `retry` says whether another attempt may help. */
export type Channel = (told: Told) => Promise<Sent>;

/** What an HTTP answer other than 2xx means. Refused as it stands, a body is refused again; all else may be mended. */
export function refusedBy(service: string, status: number | undefined, cause?: unknown): AppError {
  const code = status === 400 || status === 413 ? "failed-precondition" : "unavailable";
  const answer = status === undefined ? "did not answer" : `answered ${status}`;
  return new AppError(code, `${service} ${answer}.`, { cause, context: { service } });
}
