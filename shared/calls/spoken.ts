import type { Language } from "#shared/salons/communication-settings.ts";

/** Our languages as Twilio's `<Say>` names them, spoken as in India. */
export const SPOKEN = { en: "en-IN", hi: "hi-IN", te: "te-IN" } as const satisfies Record<Language, string>;
