import { sha256Hex } from "#shared/core/ids.ts";
import { Language } from "#shared/salons/communication-settings.ts";
import { invalid, numberedText, renderText, type Template } from "./template.ts";

/** A text of ours, as those who send name it. */
export interface TemplateText {
  readonly name: string;
  readonly language: string;
}

export interface TemplateContent extends TemplateText {
  readonly variables: Readonly<Record<string, string>>;
}

/** A text as it is to stand at Twilio. */
export interface TwilioText {
  readonly name: string;
  readonly language: Language;
  readonly category: Template["category"];
  /** With `{{1}}`, `{{2}}`, … as its placeholders. */
  readonly body: string;
  /** By number. */
  readonly samples: Readonly<Record<string, string>>;
  /** Another text, another hash: Twilio's approval is of one text only. */
  readonly textHash: string;
}

const customer_name = { maxCharacters: 60, sample: "Priya" };
const salon_name = { maxCharacters: 80, sample: "Anjali's Salon" };
const service = { maxCharacters: 100, sample: "Haircut" };
const date = { maxCharacters: 40, sample: "5 January" };
const time = { maxCharacters: 40, sample: "4:30 PM" };
const booking = { customer_name, salon_name, service, date, time };

/**
 * A text begins and ends with words of its own, and words stand between two placeholders: WhatsApp refuses others.
 * Whoever changes a text waits for its approval anew at every account.
 */
const TEMPLATES = {
  booking_confirmation: {
    category: "transactional",
    variables: booking,
    texts: {
      en: "Hello {{customer_name}}, your booking at {{salon_name}} for {{service}} is confirmed. Date: {{date}}, time: {{time}}. We look forward to seeing you.",
      hi: "नमस्ते {{customer_name}} जी, {{salon_name}} में {{service}} के लिए आपकी बुकिंग पक्की हो गई है। तारीख: {{date}}, समय: {{time}}। हमें आपका इंतज़ार रहेगा।",
      te: "నమస్తే {{customer_name}} గారు, {{salon_name}}లో {{service}} కోసం మీ బుకింగ్ ఖరారైంది. తేదీ: {{date}}, సమయం: {{time}}. మీ రాక కోసం ఎదురుచూస్తుంటాం.",
    },
  },
  booking_reminder: {
    category: "transactional",
    variables: booking,
    texts: {
      en: "Hello {{customer_name}}, a reminder of your appointment at {{salon_name}} for {{service}}. Date: {{date}}, time: {{time}}. If you cannot come, please let us know.",
      hi: "नमस्ते {{customer_name}} जी, याद दिला दें कि {{salon_name}} में {{service}} के लिए आपका अपॉइंटमेंट है। तारीख: {{date}}, समय: {{time}}। अगर आप न आ पाएँ, तो कृपया हमें पहले से बता दें।",
      te: "నమస్తే {{customer_name}} గారు, {{salon_name}}లో {{service}} కోసం మీ అపాయింట్‌మెంట్ ఉందని గుర్తు చేస్తున్నాం. తేదీ: {{date}}, సమయం: {{time}}. మీరు రాలేకపోతే దయచేసి ముందుగా మాకు తెలియజేయండి.",
    },
  },
  booking_canceled: {
    category: "transactional",
    variables: booking,
    texts: {
      en: "Hello {{customer_name}}, your appointment at {{salon_name}} for {{service}} on {{date}} at {{time}} has been canceled. Please contact us to book another time.",
      hi: "नमस्ते {{customer_name}} जी, {{salon_name}} में {{service}} का आपका अपॉइंटमेंट (तारीख {{date}}, समय {{time}}) रद्द कर दिया गया है। नया समय लेने के लिए कृपया हमसे संपर्क करें।",
      te: "నమస్తే {{customer_name}} గారు, {{salon_name}}లో {{service}} కోసం మీ అపాయింట్‌మెంట్ (తేదీ {{date}}, సమయం {{time}}) రద్దయింది. కొత్త సమయం కోసం దయచేసి మమ్మల్ని సంప్రదించండి.",
    },
  },
  booking_changed: {
    category: "transactional",
    variables: booking,
    texts: {
      en: "Hello {{customer_name}}, your appointment at {{salon_name}} for {{service}} has been moved. New date: {{date}}, new time: {{time}}. If this does not suit you, please let us know.",
      hi: "नमस्ते {{customer_name}} जी, {{salon_name}} में {{service}} के आपके अपॉइंटमेंट का समय बदल गया है। नई तारीख: {{date}}, नया समय: {{time}}। अगर यह समय आपके लिए ठीक न हो, तो कृपया हमें बताएँ।",
      te: "నమస్తే {{customer_name}} గారు, {{salon_name}}లో {{service}} కోసం మీ అపాయింట్‌మెంట్ సమయం మారింది. కొత్త తేదీ: {{date}}, కొత్త సమయం: {{time}}. ఈ సమయం మీకు కుదరకపోతే దయచేసి మాకు తెలియజేయండి.",
    },
  },
  appointment_follow_up: {
    category: "transactional",
    variables: { customer_name, salon_name, service, date },
    texts: {
      en: "Hello {{customer_name}}, thank you for your visit to {{salon_name}} on {{date}} for {{service}}. Were you happy with it? We would be glad to hear from you.",
      hi: "नमस्ते {{customer_name}} जी, {{date}} को {{service}} के लिए {{salon_name}} आने का धन्यवाद। आपको हमारी सेवा कैसी लगी? आपकी राय जानकर हमें खुशी होगी।",
      te: "నమస్తే {{customer_name}} గారు, {{date}} తేదీన {{service}} కోసం {{salon_name}}కు వచ్చినందుకు ధన్యవాదాలు. మా సేవ మీకు ఎలా అనిపించింది? మీ అభిప్రాయం తెలియజేస్తే సంతోషిస్తాం.",
    },
  },
  offer: {
    category: "marketing",
    variables: {
      customer_name,
      salon_name,
      offer: { maxCharacters: 250, sample: "20% off every haircut" },
      valid_until: { maxCharacters: 40, sample: "31 January" },
    },
    texts: {
      en: "Hello {{customer_name}}, this is {{salon_name}} with an offer for you: {{offer}}. The offer is valid until {{valid_until}}. Reply STOP to opt out.",
      hi: "नमस्ते {{customer_name}} जी, {{salon_name}} की ओर से आपके लिए एक ऑफ़र: {{offer}}। यह ऑफ़र {{valid_until}} तक मान्य है। आगे संदेश न पाने के लिए STOP लिखकर भेजें।",
      te: "నమస్తే {{customer_name}} గారు, {{salon_name}} నుండి మీ కోసం ఒక ఆఫర్: {{offer}}. ఈ ఆఫర్ {{valid_until}} వరకు వర్తిస్తుంది. ఇకపై సందేశాలు వద్దనుకుంటే STOP అని పంపండి.",
    },
  },
} as const satisfies Record<string, Template>;

const BY_NAME: ReadonlyMap<string, Template> = new Map(Object.entries(TEMPLATES));

/** The names that callers may send by. */
export const templateNames: readonly string[] = [...BY_NAME.keys()];

/**
 * The text of a template with its variables in place, as SMS and e-mail say it and WhatsApp will show it. Throws
 * invalid-argument naming the field, such as `template.variables.date`; the error never repeats a value.
 */
export function renderTemplate({ name, language, variables }: TemplateContent): string {
  return renderText(templateOf(name), languageOf(language), variables);
}

/** Whether a template needs the customer's consent. Throws invalid-argument for an unknown name. */
export function categoryOf(name: string): Template["category"] {
  return templateOf(name).category;
}

/** The variables as Twilio's ContentVariables number them in that language; checked as `renderTemplate` does. */
export function variablesFor(content: TemplateContent): Record<string, string> {
  renderTemplate(content);
  const { names } = numberedText(templateOf(content.name).texts[languageOf(content.language)]);
  return Object.fromEntries(names.map((name, index) => [index + 1, content.variables[name] ?? ""]));
}

/** A text as Twilio is to have it. Throws invalid-argument for an unknown name or language. */
export function twilioTextOf(text: TemplateText): TwilioText {
  const { name } = text;
  const language = languageOf(text.language);
  const { category, texts, variables } = templateOf(name);
  const { body, names } = numberedText(texts[language]);
  const samples = names.map((variable, index) => [index + 1, variables[variable]?.sample ?? ""]);
  const textHash = sha256Hex("template", category, language, body, ...names);
  return { name, language, category, body, samples: Object.fromEntries(samples), textHash };
}

/** Every template in every language. */
export function allTwilioTexts(): TwilioText[] {
  return templateNames.flatMap((name) =>
    Language.options.map((language) => twilioTextOf({ name, language })),
  );
}

function templateOf(name: string): Template {
  const template = BY_NAME.get(name);
  if (template === undefined) throw invalid("template.name", `must be one of ${templateNames.join(", ")}`);
  return template;
}

function languageOf(language: string): Language {
  const known = Language.safeParse(language);
  if (known.success) return known.data;
  throw invalid("template.language", `must be one of ${Language.options.join(", ")}`);
}
