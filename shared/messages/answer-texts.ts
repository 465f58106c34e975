import { DateTime } from "luxon";
import {
  CommunicationSettings,
  type Language,
  withSalonName,
} from "#shared/salons/communication-settings.ts";
import type { Salon } from "#shared/salons/salon.ts";

type Texts = Readonly<Record<Language, string>>;

/** The greeting of a salon that has set none of its own; the English one is the setting's default. */
const GREETING: Texts = {
  en: CommunicationSettings.parse({}).whatsapp_greeting ?? "",
  hi: "{salon_name} में आपका स्वागत है! बताइए, आज हम आपकी क्या मदद कर सकते हैं?",
  te: "{salon_name}కు స్వాగతం! ఈ రోజు మేము మీకు ఎలా సహాయపడగలం?",
};
const CLOSED: Texts = {
  en: "{salon_name} is closed right now. We open again on {day} at {time}.",
  hi: "{salon_name} अभी बंद है। हम {day} को {time} बजे फिर खुलेंगे।",
  te: "{salon_name} ప్రస్తుతం మూసి ఉంది. మేము {day} {time} గంటలకు మళ్లీ తెరుస్తాము.",
};
const HELP: Texts = {
  en: "This is {salon_name}. Write to us here and we will answer. Reply STOP to get no more messages from us.",
  hi: "यह {salon_name} है। हमें यहीं लिखें, हम जवाब देंगे। हमारे संदेश बंद करने के लिए STOP लिखकर भेजें।",
  te: "ఇది {salon_name}. మాకు ఇక్కడే రాయండి, మేము జవాబిస్తాము. మా సందేశాలు ఆపడానికి STOP అని పంపండి.",
};
const START: Texts = {
  en: "Welcome back! You will get messages from {salon_name} again. Reply STOP to get no more of them.",
  hi: "फिर से स्वागत है! अब आपको {salon_name} के संदेश फिर मिलेंगे। इन्हें बंद करने के लिए STOP लिखकर भेजें।",
  te: "మళ్లీ స్వాగతం! ఇకపై మీకు {salon_name} సందేశాలు మళ్లీ వస్తాయి. వాటిని ఆపడానికి STOP అని పంపండి.",
};
/** English as India writes it: 23 November, 9:30 am. */
const LOCALES: Texts = { en: "en-IN", hi: "hi-IN", te: "te-IN" };

/** The greeting: the salon's own as it is written, in whatever language; undefined when it wants none. */
export function greetingText({ name, communication }: Salon, language: Language): string | undefined {
  const own = communication.whatsapp_greeting;
  if (own === null || own.trim() === "") return undefined;
  return withSalonName(own === GREETING.en ? GREETING[language] : own, name);
}

/** Says that the salon is closed and when it opens, by the clock in its own zone. */
export function closedText({ name, time_zone }: Salon, opensAt: Date, language: Language): string {
  const opening = DateTime.fromJSDate(opensAt, { zone: time_zone }).setLocale(LOCALES[language]);
  const day = opening.toLocaleString({ weekday: "long", day: "numeric", month: "long" });
  const text = CLOSED[language]
    .replace("{day}", () => day)
    .replace("{time}", () => timeOf(opening, language));
  return withSalonName(text, name);
}

/** Who writes here, and how to end it. */
export function helpText({ name }: Salon, language: Language): string {
  return withSalonName(HELP[language], name);
}

/** To somebody who had opted out and is in again. */
export function welcomeBackText({ name }: Salon, language: Language): string {
  return withSalonName(START[language], name);
}

/** "9:30 am", "सुबह 9:30", "ఉదయం 9:30". */
function timeOf(opening: DateTime, language: Language): string {
  const format = { hour: "numeric", minute: "2-digit", hour12: true } as const;
  // A narrow space would make every SMS that says a time two and a half times as long.
  if (language === "en") return opening.toLocaleString(format).replaceAll(/\s/gu, " ");
  const parts = opening.toLocaleParts({ ...format, dayPeriod: "short" });
  const part = (type: string) => parts.find((each) => each.type === type)?.value ?? "";
  return `${part("dayPeriod")} ${part("hour")}:${part("minute")}`;
}
