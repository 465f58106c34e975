import type { Heard } from "#shared/calls/caller-progress.ts";
import { choiceIn, isSilent, languageOfKey } from "#shared/calls/voice-choice.ts";
import { MOST_MISSES, MOST_TURNS, type Place, placeSegments, type Step } from "#shared/calls/voice-place.ts";
import {
  closedScript,
  endScript,
  greeting,
  greetingLeftOut,
  hoursScript,
  languageScript,
  menuScript,
  offeredLanguages,
  type Speaking,
  transferScript,
  voicemailScript,
} from "#shared/calls/voice-script.ts";
import { transferOf } from "#shared/calls/voice-transfer.ts";
import { VOICE_WORDS, type VoiceWords } from "#shared/calls/voice-words.ts";
import type { Contacts } from "#shared/contacts/contacts.ts";
import type { Clock } from "#shared/core/clock.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { E164 } from "#shared/core/phone.ts";
import { openingAfter } from "#shared/salons/hours.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { VoiceWebhook } from "#shared/twilio/webhook-parameters.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import type { SendBookingLink } from "./booking-link.ts";

export interface ConversationDeps {
  readonly contacts: Contacts;
  readonly sendBookingLink: SendBookingLink;
  readonly urls: WebhookUrls;
  readonly clock: Clock;
}

/** One step of a customer's call: who calls whom, where in the script they are, and what they answered. */
export interface Line {
  readonly salonId: SalonId;
  readonly salon: Salon;
  readonly salonNumbers: readonly string[];
  readonly webhook: VoiceWebhook;
  /** Undefined for who hides their number. */
  readonly caller: E164 | undefined;
  readonly party: string;
  readonly place: Place;
  /** Takes note of what the step brought, once however often it comes; refuses the call of another salon. */
  readonly note: (heard: Omit<Heard, "language">) => Promise<void>;
}

/** What the caller hears next, as TwiML. */
export type Converse = (step: "greeting" | Step, line: Line) => Promise<string>;

/** Who was told the hours has what they called for, and is asked once less. */
const MISSES_AFTER_HOURS = 1;

/**
 * Speaks with a customer. Where a call is stands in the address of each step, which Twilio signs: nothing is kept between
 * two of them, and a repeated one is answered the same.
 */
export function createConversation({ contacts, sendBookingLink, urls, clock }: ConversationDeps): Converse {
  const steps: Readonly<Record<"greeting" | Step, (line: Line) => Promise<string>>> = {
    greeting: greet,
    language: chooseLanguage,
    menu: choose,
    transferred: endTransfer,
    recorded: thank,
  };
  return (step, line) => steps[step](line);

  async function greet(line: Line): Promise<string> {
    await line.note({});
    const { salon, place } = line;
    const speaking = speak(line);
    const now = clock.now();
    const { voice_enabled, voice_business_hours_only } = salon.communication;
    if (!voice_enabled) return endScript(speaking, ["takesNoCalls"]);
    if (voice_business_hours_only && openingAfter(salon, now) > now) return closedScript(speaking, now);
    if (place.step === "menu") return menuScript(speaking, [greeting(speaking)]);
    return languageScript(speaking, [greeting(speaking, { beforeKeys: true })]);
  }

  async function chooseLanguage(line: Line): Promise<string> {
    const { salonId, salon, webhook, caller, party, place, note } = line;
    const language = languageOfKey(webhook.digits, offeredLanguages(salon.communication));
    // The call's first prompt may have left out what the salon says of its keys.
    const before = place.turn === 1 ? greetingLeftOut(salon) : undefined;
    if (language === undefined) return askAgain(line, before);
    await note({ choice: { turn: place.turn, choice: language } });
    if (caller !== undefined) await contacts.speaks(salonId, party, language);
    return menuScript(speak(line, { language }), [before]);
  }

  async function choose(line: Line): Promise<string> {
    const { salon, webhook, place, note } = line;
    const choice = choiceIn(webhook);
    const hasLanguages = offeredLanguages(salon.communication).length > 1;
    if (choice === undefined || (choice === "change_language" && !hasLanguages)) return askAgain(line);
    const outcome = choice === "hours" ? "hours" : undefined;
    await note({ choice: { turn: place.turn, choice }, outcome });
    if (choice === "book") return book(line);
    if (place.turn >= MOST_TURNS) return endScript(speak(line), ["goodbye"]);
    if (choice === "hours") return hoursScript(speak(line, { misses: MISSES_AFTER_HOURS }), clock.now());
    return choice === "again" ? menuScript(speak(line)) : languageScript(speak(line));
  }

  /** Twice; then who is not understood may leave a message, and who says nothing is told goodbye. */
  async function askAgain(line: Line, before?: string): Promise<string> {
    const { place, webhook, note } = line;
    await note({});
    const misses = place.misses + 1;
    const silent = isSilent(webhook);
    if (misses >= MOST_MISSES || place.turn >= MOST_TURNS)
      return silent ? endScript(speak(line), ["goodbye"]) : voicemailScript(speak(line), ["wrong"]);
    const wrong = silent ? undefined : VOICE_WORDS[place.language].wrong;
    return menuScript(speak(line, { misses }), [wrong, before]);
  }

  async function book(line: Line): Promise<string> {
    const { salon, salonNumbers, webhook } = line;
    const transfer = transferOf(salon, { ...webhook, salonNumbers });
    return transfer === undefined ? offerLink(line) : transferScript(speak(line), transfer);
  }

  async function endTransfer(line: Line): Promise<string> {
    const { dialStatus, status } = line.webhook;
    const isTaken = dialStatus === "completed";
    await line.note({ outcome: isTaken ? "booked_transfer" : undefined });
    // Who hung up while it rang wants no link.
    const isOver = isTaken || status === "completed";
    return isOver ? endScript(speak(line), []) : offerLink(line, ["nobodyFree"]);
  }

  async function offerLink(line: Line, before: (keyof VoiceWords)[] = []): Promise<string> {
    const { caller, webhook, place, note } = line;
    const { language } = place;
    const isSent =
      caller !== undefined &&
      (await sendBookingLink({ ...line, callSid: webhook.callSid, to: caller, language }));
    if (!isSent) return voicemailScript(speak(line), [...before, "callAgain"]);
    await note({ outcome: "link_sent" });
    return endScript(speak(line), [...before, "linkSent"]);
  }

  async function thank(line: Line): Promise<string> {
    await line.note({ from: line.caller });
    return endScript(speak(line), ["recorded"]);
  }

  function speak(
    { salonId, salon, place }: Line,
    { language = place.language, misses = 0 }: Partial<Pick<Place, "language" | "misses">> = {},
  ): Speaking {
    const turn = place.turn + 1;
    return {
      salon,
      language,
      to: (step) => urls.voice(salonId, ...placeSegments({ step, language, turn, misses })),
      recordedTo: urls.voice(salonId, "recording"),
    };
  }
}
