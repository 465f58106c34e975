import type { Language } from "#shared/salons/communication-settings.ts";
import type { CallChoice } from "./call.ts";

/** What a caller may choose from the menu; a language is chosen from a menu of its own. */
export type MenuChoice = Exclude<CallChoice, Language>;

interface Input {
  readonly digits: string | undefined;
  readonly speech: string | undefined;
}

const KEYS: ReadonlyMap<string, MenuChoice> = new Map([
  ["1", "book"],
  ["2", "hours"],
  ["9", "again"],
  ["0", "change_language"],
]);

/**
 * The words for each choice, as people say them and as they are written down: Hindi and Telugu come in either script,
 * and numbers as words. The first choice that has one of them is meant: "book a time" books.
 */
const WORDS: readonly (readonly [MenuChoice, Readonly<Record<Language, readonly string[]>>])[] = [
  [
    "book",
    {
      en: ["book", "booking", "appointment", "reservation", "one"],
      hi: ["बुक", "बुकिंग", "अपॉइंटमेंट", "अपॉइन्टमेंट", "एक"],
      te: ["బుక్", "బుకింగ్", "అపాయింట్మెంట్", "ఒకటి"],
    },
  ],
  [
    "hours",
    {
      en: ["hours", "hour", "timing", "timings", "time", "open", "opening", "two"],
      hi: ["समय", "टाइम", "टाइमिंग", "घंटे", "खुलने", "खुला", "दो"],
      te: ["వేళలు", "సమయం", "సమయాలు", "టైమ్", "టైమింగ్స్", "రెండు"],
    },
  ],
  [
    "change_language",
    {
      en: ["language", "english", "hindi", "telugu", "zero"],
      hi: ["भाषा", "हिंदी", "हिन्दी", "अंग्रेज़ी", "शून्य"],
      te: ["భాష", "తెలుగు", "ఇంగ్లీష్", "సున్నా"],
    },
  ],
  [
    "again",
    {
      en: ["again", "repeat", "nine"],
      hi: ["दोबारा", "फिर", "नौ"],
      te: ["మళ్ళీ", "మళ్లీ", "తొమ్మిది"],
    },
  ],
];

/** What the caller chose by a key or in words; undefined when that means nothing. */
export function choiceIn({ digits, speech = "" }: Input): MenuChoice | undefined {
  if (digits !== undefined) return KEYS.get(digits);
  const said = new Set(wordsOf(speech));
  const [chosen] =
    WORDS.find(([, words]) =>
      Object.values(words)
        .flat()
        .some((word) => said.has(word)),
    ) ?? [];
  return chosen ?? KEYS.get(speech.replaceAll(/\D/g, ""));
}

/** Whether the caller gave any sign at all. */
export function isSilent({ digits, speech }: Input): boolean {
  return digits === undefined && speech === undefined;
}

/** The language that a key stands for, in the order in which they are offered. */
export function languageOfKey(
  digits: string | undefined,
  offered: readonly Language[],
): Language | undefined {
  return /^[1-9]$/.test(digits ?? "") ? offered[Number(digits) - 1] : undefined;
}

/** The words to be expected of who speaks this language. */
export function hintsIn(language: Language): string[] {
  const languages = language === "en" ? (["en"] as const) : ([language, "en"] as const);
  return WORDS.flatMap(([, words]) => languages.flatMap((each) => words[each]));
}

/** Joiners and soft marks, which are written or not, are left out. */
function wordsOf(text: string): string[] {
  const plain = text
    .normalize("NFC")
    .replaceAll(/\p{Cf}/gu, "")
    .toLowerCase();
  return plain.split(/[^\p{L}\p{M}\p{N}]+/u);
}
