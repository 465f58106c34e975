import type { Language } from "#shared/salons/communication-settings.ts";
import { createCallScript, type Speech } from "#shared/twilio/twiml.ts";
import type { Answer, OutboundCall } from "./outbound-call.ts";
import { SPOKEN } from "./spoken.ts";

/** Where a key goes: `key` may still be pressed once more, after `last_key` the call ends. */
export interface ReminderSteps {
  readonly key: string;
  readonly last_key: string;
}

/** What a key means; undefined for one that means nothing. */
export function meaningOf(digits: string | undefined): Exclude<Answer, "none"> | "again" | undefined {
  if (digits === "1") return "confirmed";
  if (digits === "2") return "canceled";
  return digits === "9" ? "again" : undefined;
}

type Spoken = Pick<OutboundCall, "text" | "language" | "confirm">;

/** What is heard by who answers. Who is asked for a key and presses none hears it once more. TwiML. */
export function reminderScript(call: Spoken, steps: ReminderSteps): string {
  const script = createCallScript();
  const { words, speech } = wordsOf(call.language);
  if (!call.confirm) return script.say(speech(call.text)).say(speech(words.goodbye)).hangup().toString();
  const prompt = [speech(call.text), speech(words.menu)];
  return script
    .gather({ prompt, action: steps.key })
    .gather({ prompt, action: steps.last_key })
    .say(speech(words.unanswered))
    .hangup()
    .toString();
}

/** After a key that means nothing: the menu once more, or the end. TwiML. */
export function wrongKeyScript({ text, language }: Spoken, steps: ReminderSteps | undefined): string {
  const script = createCallScript();
  const { words, speech } = wordsOf(language);
  if (steps !== undefined) {
    const prompt = [words.wrong, text, words.menu].map(speech);
    script.gather({ prompt, action: steps.last_key });
  }
  return script.say(speech(words.unanswered)).hangup().toString();
}

/** After a key that was taken. TwiML. */
export function answeredScript({ language, answer }: Pick<OutboundCall, "language" | "answer">): string {
  const { words, speech } = wordsOf(language);
  const text = answer === "none" ? words.goodbye : words[answer];
  return createCallScript().say(speech(text)).hangup().toString();
}

interface Words {
  readonly menu: string;
  readonly confirmed: string;
  readonly canceled: string;
  readonly wrong: string;
  readonly unanswered: string;
  readonly goodbye: string;
}

const WORDS: Readonly<Record<Language, Words>> = {
  en: {
    menu: "Press 1 to confirm, 2 to cancel, or 9 to hear this again.",
    confirmed: "Thank you, this is confirmed. Goodbye.",
    canceled: "Thank you, this is canceled. Goodbye.",
    wrong: "We did not get that.",
    unanswered: "We did not get an answer. Goodbye.",
    goodbye: "Goodbye.",
  },
  hi: {
    menu: "पुष्टि करने के लिए 1 दबाएँ, रद्द करने के लिए 2 दबाएँ, दोबारा सुनने के लिए 9 दबाएँ।",
    confirmed: "धन्यवाद, आपकी पुष्टि हो गई है। नमस्ते।",
    canceled: "धन्यवाद, इसे रद्द कर दिया गया है। नमस्ते।",
    wrong: "हम समझ नहीं पाए।",
    unanswered: "हमें कोई उत्तर नहीं मिला। नमस्ते।",
    goodbye: "नमस्ते।",
  },
  te: {
    menu: "నిర్ధారించడానికి 1 నొక్కండి, రద్దు చేయడానికి 2 నొక్కండి, మళ్ళీ వినడానికి 9 నొక్కండి.",
    confirmed: "ధన్యవాదాలు, మీ నిర్ధారణ నమోదైంది. సెలవు.",
    canceled: "ధన్యవాదాలు, ఇది రద్దు చేయబడింది. సెలవు.",
    wrong: "మాకు అర్థం కాలేదు.",
    unanswered: "మాకు సమాధానం రాలేదు. సెలవు.",
    goodbye: "సెలవు.",
  },
};

function wordsOf(language: Language) {
  const speech = (text: string): Speech => ({ text, voice: SPOKEN[language] });
  return { words: WORDS[language], speech };
}
