import type { Language } from "#shared/salons/communication-settings.ts";
import type { Voice } from "#shared/twilio/twiml.ts";

/** Our languages as spoken in India. Each has its voice named: the one that Twilio takes by itself speaks no Telugu. */
export const SPOKEN = {
  en: { language: "en-IN", name: "Google.en-IN-Standard-A" },
  hi: { language: "hi-IN", name: "Google.hi-IN-Standard-A" },
  te: { language: "te-IN", name: "Google.te-IN-Standard-A" },
} as const satisfies Record<Language, Voice>;
