import { SegmentedMessage } from "sms-segments-calculator";
import { plusSeconds } from "#shared/core/clock.ts";
import { AppError } from "#shared/core/errors.ts";
import { messageIdOf, type SalonId, sha256Hex } from "#shared/core/ids.ts";
import type { E164, PartyOf } from "#shared/core/phone.ts";
import type { Salon } from "#shared/salons/salon.ts";
import { categoryOf, renderTemplate } from "#shared/templates/registry.ts";
import type { Fallback, OutboundMessage, TemplateUse, TextChannel, Timing } from "./message.ts";

export interface SendRequest {
  readonly salonId: SalonId;
  /** The same key accepts a message once; another payload under it is a `conflict`. */
  readonly idempotencyKey: string;
  readonly channel: TextChannel;
  readonly to: E164;
  /** 1 to 1,600 characters of the salon's own; left out when a template says it. */
  readonly body?: string | undefined;
  readonly template?: TemplateUse | undefined;
  /** Addresses of pictures and the like, https, 10 at most. */
  readonly media?: readonly string[] | undefined;
  readonly purpose?: OutboundMessage["purpose"] | undefined;
  /** A template's own category where there is one; else transactional. */
  readonly category?: OutboundMessage["category"] | undefined;
  readonly critical?: boolean | undefined;
  /** Of a critical message; SMS unless told otherwise, `null` for none. */
  readonly fallback?: Fallback | null | undefined;
  readonly timing?: Timing | undefined;
  /** Not before this; at most `MAX_AHEAD_SECONDS` from now. */
  readonly sendAt?: Date | undefined;
  /** After this nobody wants it any more; a day after it may go, unless told otherwise. */
  readonly expiresAt?: Date | undefined;
}

export const MAX_BODY_CHARACTERS = 1_600;
const EXPIRES_SECONDS = 24 * 3_600;
const MAX_AHEAD_SECONDS = 90 * 24 * 3_600;
const MAX_WANTED_SECONDS = 7 * 24 * 3_600;

/** The message that a request asks for, as it is stored when nothing is in its way. Refuses what cannot be sent. */
export function composed(
  request: SendRequest,
  { salon, partyOf, now }: { readonly salon: Salon; readonly partyOf: PartyOf; readonly now: Date },
): OutboundMessage {
  const { salonId, idempotencyKey, channel, to, critical = false, purpose = "message", media = [] } = request;
  const { body, template } = contentOf(request);
  const category = template === null ? (request.category ?? "transactional") : categoryOf(template.name);
  const fallback = critical ? defaultFallback(request.fallback) : null;
  const timing = request.timing ?? defaultTiming(category);
  const { sendAt, expiresAt } = spanOf(request, now);
  const asked = { channel, to, body, template, media, purpose, category, critical, fallback, timing };
  return {
    ...asked,
    media: [...media],
    direction: "outbound",
    id: messageIdOf(salonId, idempotencyKey),
    salon_id: salonId,
    idempotency_key: idempotencyKey,
    // Of what was asked for and not of what became of it: a repeated request is the same an hour later.
    payload_hash: sha256Hex(
      JSON.stringify({ ...asked, send_at: request.sendAt ?? null, expires_at: request.expiresAt ?? null }),
    ),
    party: partyOf(to),
    segments: segmentsOf(channel, body),
    time_zone: salon.time_zone,
    state: sendAt === null ? "accepted" : "scheduled",
    hold_reason: null,
    failure: null,
    attempts: [],
    on_fallback: false,
    send_at: sendAt,
    expires_at: expiresAt,
    accepted_at: now,
    updated_at: now,
    ...(sendAt === null ? {} : { due_at: sendAt }),
  };
}

/** SMS are counted in segments of 140 bytes, WhatsApp by the message. */
export function segmentsOf(channel: TextChannel, body: string): number {
  return channel === "sms" ? new SegmentedMessage(body).segmentsCount : 1;
}

function contentOf({ body, template, media = [], channel }: SendRequest) {
  if (template !== undefined && body !== undefined)
    throw invalid("body", "body and template exclude each other; send one of them.");
  if (template !== undefined && media.length > 0)
    throw invalid("media", "media: a template carries its own; leave it out.");
  if (template !== undefined) return { body: renderTemplate(template), template };
  if (body === undefined || body.trim() === "") {
    if (media.length > 0 && channel === "sms") return { body: body ?? "", template: null };
    throw invalid("body", "body must hold some text, or name a template.");
  }
  if (body.length > MAX_BODY_CHARACTERS)
    throw invalid("body", `body must not be longer than ${MAX_BODY_CHARACTERS} characters.`);
  return { body, template: null };
}

function defaultFallback(asked: Fallback | null | undefined): Fallback | null {
  return asked === undefined ? { channel: "sms" } : asked;
}

/** Nobody wants to be sold something at night. */
function defaultTiming(category: OutboundMessage["category"]): Timing {
  return category === "marketing" ? "no_quiet_hours" : "any_time";
}

function spanOf({ sendAt, expiresAt }: SendRequest, now: Date) {
  if (sendAt !== undefined && sendAt > plusSeconds(now, MAX_AHEAD_SECONDS))
    throw invalid("send_at", "send_at must be within the next 90 days.");
  const from = sendAt === undefined || sendAt <= now ? now : sendAt;
  if (expiresAt !== undefined && (expiresAt <= from || expiresAt > plusSeconds(from, MAX_WANTED_SECONDS)))
    throw invalid("expires_at", "expires_at must be after the message may go, and at most 7 days later.");
  return {
    sendAt: from === now ? null : from,
    expiresAt: expiresAt ?? plusSeconds(from, EXPIRES_SECONDS),
  };
}

function invalid(field: string, message: string): AppError {
  return new AppError("invalid-argument", message, { context: { field } });
}
