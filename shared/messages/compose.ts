import { SegmentedMessage } from "sms-segments-calculator";
import { canonicalJson } from "#shared/audit/canonical-json.ts";
import { AppError } from "#shared/core/errors.ts";
import { messageIdOf, type SalonId, sha256Hex } from "#shared/core/ids.ts";
import type { E164, PartyOf } from "#shared/core/phone.ts";
import { wantedSpan } from "#shared/core/wanted-span.ts";
import type { Salon } from "#shared/salons/salon.ts";
import { categoryOf, renderTemplate } from "#shared/templates/registry.ts";
import { mayGoAt } from "./may-go.ts";
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
  /** Not before this; at most 90 days from now. */
  readonly sendAt?: Date | undefined;
  /** From then on nobody wants it any more; a day after it may go, unless told otherwise. */
  readonly expiresAt?: Date | undefined;
}

export const MAX_BODY_CHARACTERS = 1_600;

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
  const going = { channel, purpose, critical, timing };
  const mayGo = (at: Date) => mayGoAt(salon, going, at).at;
  const { sendAt, expiresAt } = wantedSpan(request, { now, mayGo });
  return {
    ...going,
    to,
    body,
    template,
    category,
    fallback,
    media: [...media],
    direction: "outbound",
    id: messageIdOf(salonId, idempotencyKey),
    salon_id: salonId,
    idempotency_key: idempotencyKey,
    payload_hash: payloadHashOf(request),
    party: partyOf(to),
    segments: segmentsOf(channel, body),
    time_zone: salon.time_zone,
    state: sendAt === null ? "accepted" : "scheduled",
    hold_reason: null,
    failure: null,
    attempts: [],
    on_fallback: false,
    paced: false,
    send_at: sendAt,
    expires_at: expiresAt,
    accepted_at: now,
    updated_at: now,
    ...(sendAt === null ? {} : { due_at: sendAt }),
  };
}

/**
 * Of what was asked for and not of what became of it: a repeated request is the same an hour later, after a deploy that
 * words a template anew, and however its fields are ordered.
 */
export function payloadHashOf({ salonId: _, idempotencyKey: _key, ...asked }: SendRequest): string {
  const { critical = false, purpose = "message", media = [] } = asked;
  const fallback = critical ? defaultFallback(asked.fallback) : null;
  return sha256Hex(canonicalJson({ ...asked, critical, purpose, media, fallback }));
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

function invalid(field: string, message: string): AppError {
  return new AppError("invalid-argument", message, { context: { field } });
}
