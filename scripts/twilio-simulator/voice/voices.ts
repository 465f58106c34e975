/** What the voices speak that Twilio has of its own. */
const BASIC_LANGUAGES = ["en", "es", "fr", "de", "it"];

/**
 * Whether a Say is heard: with a voice that does not speak the language it fails. Google's voices carry the one language
 * that they speak in their name; `man` is taken where none is named.
 */
export function isSpeakable(voice = "man", language = "en-US"): boolean {
  if (voice === "man" || voice === "woman") return BASIC_LANGUAGES.includes(language.slice(0, 2));
  return !voice.startsWith("Google.") || voice.startsWith(`Google.${language}-`);
}
