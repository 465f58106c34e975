import { canonicalJson } from "#shared/audit/canonical-json.ts";
import { AppError } from "#shared/core/errors.ts";
import { type SalonId, sha256Hex } from "#shared/core/ids.ts";
import type { E164, PartyOf } from "#shared/core/phone.ts";
import { type AskedSpan, wantedSpan } from "#shared/core/wanted-span.ts";
import type { Language } from "#shared/salons/communication-settings.ts";
import { sendableAt } from "#shared/salons/hours.ts";
import type { Salon } from "#shared/salons/salon.ts";
import { categoryOf, renderTemplate } from "#shared/templates/registry.ts";
import { type CallCategory, type CallTiming, callIdOf, type OutboundCall } from "./outbound-call.ts";

export interface CallRequest extends AskedSpan {
  readonly salonId: SalonId;
  /** The same key accepts a call once; another request under it is a `conflict`. */
  readonly idempotencyKey: string;
  readonly to: E164;
  readonly language: Language;
  /** 1 to 1,000 characters to be spoken; left out when a template says it. */
  readonly text?: string | undefined;
  readonly template?: OutboundCall["template"] | undefined;
  /** A template's own category where there is one; else transactional. */
  readonly category?: CallCategory | undefined;
  readonly confirm: boolean;
  /** Outside the salon's quiet hours, unless told otherwise. */
  readonly timing?: CallTiming | undefined;
}

export const MAX_TEXT_CHARACTERS = 1_000;
const DEFAULT_TIMING: CallTiming = "no_quiet_hours";
/** What XML, and so a call's script, cannot say. */
const UNSPEAKABLE = /[^\P{Cc}\t\n\r]|[\uFFFE\uFFFF]/u;

/** The call that a request asks for, as it is stored when nothing is in its way. Refuses what cannot be said. */
export function requestedCall(
  request: CallRequest,
  { salon, partyOf, now }: { readonly salon: Salon; readonly partyOf: PartyOf; readonly now: Date },
): OutboundCall {
  const { salonId, idempotencyKey, to, language, confirm, timing = DEFAULT_TIMING } = request;
  const { text, template } = wordsOf(request);
  const category = template === null ? (request.category ?? "transactional") : categoryOf(template.name);
  const mayGo = (at: Date) => sendableAt({ salon, timing, at }).at;
  const { sendAt, expiresAt } = wantedSpan(request, { now, mayGo });
  const asked = { to, language, text, template, category, confirm, timing };
  return {
    ...asked,
    direction: "outbound",
    id: callIdOf(salonId, idempotencyKey),
    salon_id: salonId,
    idempotency_key: idempotencyKey,
    payload_hash: payloadHashOf(request),
    party: partyOf(to),
    time_zone: salon.time_zone,
    state: sendAt === null ? "accepted" : "scheduled",
    hold_reason: null,
    answer: "none",
    failure: null,
    attempts: [],
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
function payloadHashOf({ salonId: _, idempotencyKey: _key, ...asked }: CallRequest): string {
  const { template = null, category = "transactional", timing = DEFAULT_TIMING } = asked;
  return sha256Hex(canonicalJson({ ...asked, template, category, timing }));
}

function wordsOf({ text, template = null, language }: CallRequest): Pick<OutboundCall, "text" | "template"> {
  if (template !== null && text !== undefined)
    throw invalid("text", "text and template exclude each other; send one of them.");
  const spoken = template === null ? (text ?? "") : renderTemplate({ ...template, language });
  const field = template === null ? "text" : "template.variables";
  if (spoken.trim() === "") throw invalid("text", "text must hold some words, or name a template.");
  if (spoken.length > MAX_TEXT_CHARACTERS)
    throw invalid(field, `${field}: no more than ${MAX_TEXT_CHARACTERS} characters are spoken.`);
  if (UNSPEAKABLE.test(spoken) || !spoken.isWellFormed())
    throw invalid(field, `${field} must not hold control characters.`);
  return { text: spoken, template };
}

function invalid(field: string, message: string): AppError {
  return new AppError("invalid-argument", message, { context: { field } });
}
