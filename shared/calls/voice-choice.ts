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

/** The keys as words. They are words of every day, so they count only alone. */
const NUMBERS: ReadonlyMap<MenuChoice, Readonly<Record<Language, string>>> = new Map([
  ["book", { en: "one", hi: "एक", te: "ఒకటి" }],
  ["hours", { en: "two", hi: "दो", te: "రెండు" }],
  ["again", { en: "nine", hi: "नौ", te: "తొమ్మిది" }],
  ["change_language", { en: "zero", hi: "शून्य", te: "సున్నా" }],
]);

/** Who says one of these wants something else than the choice that they name: "I don't want to book". */
const NOT: readonly string[] = [
  ...[
    "no",
    "not",
    "don",
    "dont",
    "didn",
    "didnt",
    "never",
    "cancel",
    "canceled",
    "cancelled",
    "cancellation",
  ],
  ...["नहीं", "नही", "मत", "ना", "रद्द", "कैंसल", "कैंसिल"],
  ...["వద్దు", "కాదు", "లేదు", "రద్దు", "క్యాన్సల్", "క్యాన్సిల్"],
];

/**
 * The words for each choice, as people say them and as they are written down: Hindi and Telugu come in either script.
 * The first choice that has one of them is meant: "book a time" books.
 */
const WORDS: readonly (readonly [MenuChoice, Readonly<Record<Language, readonly string[]>>])[] = [
  [
    "book",
    {
      en: ["book", "booking", "appointment", "reservation"],
      hi: ["बुक", "बुकिंग", "अपॉइंटमेंट", "अपॉइन्टमेंट"],
      te: ["బుక్", "బుకింగ్", "అపాయింట్మెంట్"],
    },
  ],
  [
    "hours",
    {
      en: ["hours", "hour", "timing", "timings", "time", "open", "opening"],
      hi: ["समय", "टाइम", "टाइमिंग", "घंटे", "खुलने", "खुला"],
      te: ["వేళలు", "సమయం", "సమయాలు", "టైమ్", "టైమింగ్స్"],
    },
  ],
  [
    "change_language",
    {
      en: ["language", "english", "hindi", "telugu"],
      hi: ["भाषा", "हिंदी", "हिन्दी", "अंग्रेज़ी"],
      te: ["భాష", "తెలుగు", "ఇంగ్లీష్"],
    },
  ],
  [
    "again",
    {
      en: ["again", "repeat"],
      hi: ["दोबारा", "फिर"],
      te: ["మళ్ళీ", "మళ్లీ"],
    },
  ],
];

/** What the caller chose by a key or in words; undefined when that means nothing. */
export function choiceIn({ digits, speech = "" }: Input): MenuChoice | undefined {
  if (digits !== undefined) return KEYS.get(digits);
  const words = wordsOf(speech);
  const said = new Set(words);
  if (NOT.some((word) => said.has(word))) return undefined;
  const [only, ...more] = words;
  const [numbered] =
    [...NUMBERS].find(([, each]) => more.length === 0 && Object.values(each).some((word) => word === only)) ??
    [];
  const [chosen] =
    WORDS.find(([, meant]) =>
      Object.values(meant)
        .flat()
        .some((word) => said.has(word)),
    ) ?? [];
  return chosen ?? numbered ?? KEYS.get(speech.replaceAll(/\D/g, ""));
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
  const numbers = [...NUMBERS.values()].flatMap((words) => languages.map((each) => words[each]));
  return [...WORDS.flatMap(([, words]) => languages.flatMap((each) => words[each])), ...numbers];
}

/** Joiners and soft marks, which are written or not, are left out. */
function wordsOf(text: string): string[] {
  const plain = text
    .normalize("NFC")
    .replaceAll(/\p{Cf}/gu, "")
    .toLowerCase();
  return plain.split(/[^\p{L}\p{M}\p{N}]+/u).filter((word) => word !== "");
}
