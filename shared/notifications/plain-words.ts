const BREAKS = /[\s\p{Cc}\p{Zl}\p{Zp}]+/gu;
/** Invisible characters that turn the direction of what is read. Joiners stay: Indian scripts need them. */
const TURNS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu;
/** As long as an account SID, a token or an API secret; no name has that many letters and digits in a row. */
const CREDENTIALS = /[A-Za-z0-9]{32,}/g;

/**
 * What somebody else wrote, as one harmless line for a subject or a sentence: no line breaks, nothing invisible, nothing
 * that could be a credential, and no longer than `maxCharacters`.
 */
export function plainWords(value: string, maxCharacters: number): string {
  const line = value.replace(BREAKS, " ").replace(TURNS, "").replace(CREDENTIALS, "…").trim();
  const characters = [...line];
  return characters.length <= maxCharacters ? line : `${characters.slice(0, maxCharacters - 1).join("")}…`;
}
