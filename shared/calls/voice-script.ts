import {
  CommunicationSettings,
  type Language,
  withSalonName,
} from "#shared/salons/communication-settings.ts";
import type { Salon } from "#shared/salons/salon.ts";
import { type CallScript, createCallScript, type Speech } from "#shared/twilio/twiml.ts";
import { SPOKEN } from "./spoken.ts";
import { hintsIn } from "./voice-choice.ts";
import { closedNow, spokenHours } from "./voice-hours.ts";
import type { Step } from "./voice-place.ts";
import { VOICE_WORDS, type VoiceWords } from "./voice-words.ts";

const VOICEMAIL_SECONDS = 120;
const TRANSFER_SECONDS = 25;
/** The setting's default names the keys, which the menu says in every language. */
const DEFAULT_GREETING = CommunicationSettings.parse({}).voice_greeting;

/** What is said to one caller: by whom, in which language, and where the call goes on. */
export interface Speaking {
  readonly salon: Salon;
  readonly language: Language;
  /** The address of the next step. */
  readonly to: (step: Step) => string;
  /** The address that is told of a recording. */
  readonly recordedTo: string;
}

/** The languages that a caller may choose from, each once. */
export function offeredLanguages({ supported_languages }: CommunicationSettings): Language[] {
  return [...new Set(supported_languages)];
}

/**
 * The salon's greeting: its own as it is written, in whatever language. `beforeKeys`: keys of another menu come first,
 * so one that tells of keys is left for the menu, where they mean what it says.
 */
export function greeting(
  { salon, language }: Speaking,
  { beforeKeys = false }: { beforeKeys?: boolean } = {},
): string {
  const own = ownGreeting(salon);
  const text = own === undefined || (beforeKeys && tellsKeys(own)) ? VOICE_WORDS[language].thanks : own;
  return withSalonName(text, salon.name);
}

/** What `beforeKeys` has left out of the greeting; undefined when it was said in full. */
export function greetingLeftOut(salon: Salon): string | undefined {
  const own = ownGreeting(salon);
  return own !== undefined && tellsKeys(own) ? withSalonName(own, salon.name) : undefined;
}

function ownGreeting({ communication: { voice_greeting: own } }: Salon): string | undefined {
  return own === null || own.trim() === "" || own === DEFAULT_GREETING ? undefined : own;
}

function tellsKeys(text: string): boolean {
  return /\p{Nd}/u.test(text);
}

/** Asks which language the caller speaks, each in its own words. TwiML. */
export function languageScript(speaking: Speaking, before: readonly (string | undefined)[] = []): string {
  const offered = offeredLanguages(speaking.salon.communication);
  const choices = offered.map((language, index) => ({
    text: VOICE_WORDS[language].chooseThis.replace("{digit}", String(index + 1)),
    voice: SPOKEN[language],
  }));
  return createCallScript()
    .gather({
      prompt: [...speeches(speaking, before), ...choices],
      action: speaking.to("language"),
      tellsSilence: true,
    })
    .toString();
}

/** The menu, by key and by word, after what is said before it. TwiML. */
export function menuScript(speaking: Speaking, before: readonly (string | undefined)[] = []): string {
  const { language, salon } = speaking;
  const { menu, changeLanguage } = VOICE_WORDS[language];
  const others = offeredLanguages(salon.communication).length > 1 ? changeLanguage : undefined;
  return createCallScript()
    .gather({
      prompt: speeches(speaking, [...before, menu, others]),
      action: speaking.to("menu"),
      listens: { language: SPOKEN[language].language, hints: hintsIn(language) },
      tellsSilence: true,
    })
    .toString();
}

/** The opening hours, and the menu once more. TwiML. */
export function hoursScript(speaking: Speaking, now: Date): string {
  return menuScript(speaking, spokenHours(speaking.salon, speaking.language, now));
}

/** Puts the caller through. TwiML. */
export function transferScript(
  speaking: Speaking,
  transfer: { readonly number: string; readonly callerId: string },
): string {
  return said(speaking, ["transferring"])
    .dial({ ...transfer, action: speaking.to("transferred"), timeoutSeconds: TRANSFER_SECONDS })
    .toString();
}

/** Says that the salon is closed, when it opens, and takes a message. TwiML. */
export function closedScript(speaking: Speaking, now: Date): string {
  const { salon, language } = speaking;
  const texts = [greeting(speaking, { beforeKeys: true }), closedNow(salon, language, now)];
  return voicemail(say(createCallScript(), speaking, texts), speaking);
}

/** Says these sentences, and takes a message. TwiML. */
export function voicemailScript(speaking: Speaking, before: readonly (keyof VoiceWords)[]): string {
  return voicemail(said(speaking, before), speaking);
}

/** Says these sentences, and ends the call. TwiML. */
export function endScript(speaking: Speaking, sentences: readonly (keyof VoiceWords)[]): string {
  return said(speaking, sentences).hangup().toString();
}

/** What is heard by who calls a number that only sends messages. TwiML. */
export function nobodyScript(): string {
  return createCallScript()
    .say({ text: "Nobody is reached at this number. Please call your salon at its own. Goodbye." })
    .hangup()
    .toString();
}

/** Who says nothing after the tone is told goodbye. */
function voicemail(script: CallScript, speaking: Speaking): string {
  const { leaveMessage, goodbye } = VOICE_WORDS[speaking.language];
  say(script, speaking, [leaveMessage]).record({
    action: speaking.to("recorded"),
    recordedTo: speaking.recordedTo,
    maxSeconds: VOICEMAIL_SECONDS,
    finishOnKey: "#",
  });
  return say(script, speaking, [goodbye]).hangup().toString();
}

function said(speaking: Speaking, sentences: readonly (keyof VoiceWords)[]): CallScript {
  const words = VOICE_WORDS[speaking.language];
  const texts = sentences.map((sentence) => withSalonName(words[sentence], speaking.salon.name));
  return say(createCallScript(), speaking, texts);
}

function say(script: CallScript, speaking: Speaking, texts: readonly string[]): CallScript {
  return speeches(speaking, texts).reduce((all, speech) => all.say(speech), script);
}

function speeches({ language }: Speaking, texts: readonly (string | undefined)[]): Speech[] {
  return texts.flatMap((text) => (text === undefined ? [] : [{ text, voice: SPOKEN[language] }]));
}
