import type { CommunicationSettings, Language } from "#shared/salons/communication-settings.ts";

/** Scripts that say which language a text is in. Latin letters do not: Hindi and Telugu are typed in them as well. */
const SCRIPTS: readonly (readonly [Language, RegExp])[] = [
  ["hi", /\p{Script=Devanagari}/gu],
  ["te", /\p{Script=Telugu}/gu],
];

/** The language whose script most of a text's letters are of; undefined when there are none, or as many of each. */
export function languageOfScript(text: string): Language | undefined {
  const counted = SCRIPTS.map(([language, script]) => ({ language, count: text.match(script)?.length ?? 0 }));
  const [first, second] = counted.toSorted((one, other) => other.count - one.count);
  return first === undefined || first.count === (second?.count ?? 0) ? undefined : first.language;
}

/** The language to answer a text in: its own, else the one the customer last wrote in, else the salon's default. */
export function languageFor(
  text: string,
  known: Language | null,
  { supported_languages, default_language }: CommunicationSettings,
): Language {
  const own = languageOfScript(text);
  const [chosen] = [own, known].filter((each) => each != null && supported_languages.includes(each));
  return chosen ?? default_language;
}
