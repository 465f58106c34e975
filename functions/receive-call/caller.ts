import { CallState } from "#shared/calls/call.ts";
import type { Calls } from "#shared/calls/call-store.ts";
import type { Heard } from "#shared/calls/caller-progress.ts";
import { type Place, placeIn } from "#shared/calls/voice-place.ts";
import { offeredLanguages } from "#shared/calls/voice-script.ts";
import type { Contacts } from "#shared/contacts/contacts.ts";
import { accountFingerprint, type SalonId } from "#shared/core/ids.ts";
import { E164, type PartyOf } from "#shared/core/phone.ts";
import type { HttpRequest, Reply } from "#shared/runtime/http-boundary.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { voiceWebhookSchema } from "#shared/twilio/webhook-parameters.ts";
import { isReachedAt } from "#shared/webhooks/accounts.ts";
import { refusal } from "#shared/webhooks/refusal.ts";
import type { VerifyWebhook } from "#shared/webhooks/verification.ts";
import { type ConversationDeps, createConversation } from "./conversation.ts";

export interface CallerDeps extends ConversationDeps {
  readonly verify: VerifyWebhook;
  readonly salons: Salons;
  readonly calls: Calls;
  readonly contacts: Contacts;
  readonly partyOf: PartyOf;
}

/** What Twilio asks for a customer's call, by `…/voice/{salonId}[/{step}/{language}/{turn}/{misses}]`. */
export type AnswerCaller = (request: HttpRequest, salonId: string, path: readonly string[]) => Promise<Reply>;

/**
 * "UNAVAILABLE" on a keypad: what Twilio is known to write, though its API description does not say so, where a caller's
 * number did not come with the call. Its other such words (ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN) are no phone numbers.
 */
const UNAVAILABLE = "+86282452253";

/** Answers each step of a customer's call, and takes note of it before the caller hears the answer. */
export function createAnswerCaller(deps: CallerDeps): AnswerCaller {
  const { verify, salons, calls, contacts, partyOf } = deps;
  const converse = createConversation(deps);

  return async (request, claimedSalonId, path) => {
    const verified = await verify(request, claimedSalonId, (candidate, { To }) => isReachedAt(candidate, To));
    const { salonId, account, tokenRole, form } = verified;
    const webhook = voiceWebhookSchema.safeParse(form).data;
    if (webhook === undefined) throw refusal();
    const salon = await salons.open(salonId);
    const caller = webhook.from === UNAVAILABLE ? undefined : E164.safeParse(webhook.from).data;
    const party = partyOf(webhook.from ?? "anonymous");
    const found = placeIn(path, salon.communication);
    const place = found ?? (await beginning(salonId, salon, caller));

    const note = async (heard: Omit<Heard, "language">) => {
      const outcome = await calls.report({
        salonId,
        callSid: webhook.callSid,
        account: accountFingerprint(account.accountSid),
        direction: "inbound",
        party,
        state: CallState.catch("ringing").parse(webhook.status),
        durationSeconds: undefined,
        timeZone: salon.time_zone,
        billedTo: account.owner === "salon_own" ? "own_account" : "platform",
        heard: { language: place.language, ...heard },
      });
      if (outcome === "forbidden") throw refusal();
    };
    const step = found?.step ?? "greeting";
    const line = { salonId, salon, salonNumbers: account.numbers, webhook, caller, party, place, note };
    const body = await converse(step, line);
    return { status: 200, type: "text/xml", body, log: { salonId, step, tokenRole } };
  };

  /** The first prompt of a call: the menu, or which language, unless that is known from an earlier call. */
  async function beginning(salonId: SalonId, salon: Salon, caller: E164 | undefined): Promise<Place> {
    const known = await knownLanguage(salonId, salon, caller);
    const language = known ?? salon.communication.default_language;
    return { step: known === undefined ? "language" : "menu", language, turn: 0, misses: 0 };
  }

  async function knownLanguage(salonId: SalonId, { communication }: Salon, caller: E164 | undefined) {
    const offered = offeredLanguages(communication);
    if (offered.length < 2) return offered[0] ?? communication.default_language;
    if (caller === undefined) return undefined;
    const { language } = await contacts.get(salonId, partyOf(caller));
    return language !== null && offered.includes(language) ? language : undefined;
  }
}
