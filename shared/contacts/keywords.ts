import type { ContactChannel } from "./contact.ts";

export type Keyword = "stop" | "start" | "help";

/**
 * English as Twilio takes it by default on phone numbers; Hindi and Telugu in their own scripts and as they are typed
 * in Latin letters. What in those would answer a question about a booking is left out: yes, no, cancel, wait, closed,
 * do not send it.
 */
const WORDS: Readonly<Record<Keyword, readonly string[]>> = {
  stop: [
    "stop, unsubscribe, end, quit, stop all, revoke, opt out, cancel",
    "स्टॉप, स्टाप, रोकें, रोको, रोकिए, रोक दो, रोक दें, बंद करें, बंद करो, बंद कर दो, बंद कर दें, बंद कीजिए, बन्द करें, बन्द करो",
    "मैसेज बंद करो, मैसेज बंद करें, संदेश बंद करें, मैसेज मत भेजो, संदेश मत भेजें, अनसब्सक्राइब, सदस्यता समाप्त करें",
    "roko, roken, rok do, band karo, band kare, band karen, band kar do, band kijiye",
    "message band karo, msg band karo, message mat bhejo, msg mat bhejo",
    "స్టాప్, ఆపు, ఆపండి, ఆపేయండి, ఆపివేయండి, నిలిపివేయి, నిలిపివేయండి, అన్‌సబ్‌స్క్రైబ్",
    "మెసేజ్ ఆపండి, మెసేజ్‌లు ఆపండి, మెసేజీలు ఆపండి, సందేశాలు ఆపండి, మెసేజ్ పంపవద్దు, మెసేజ్ పంపొద్దు, సందేశాలు పంపవద్దు",
    "aapu, aapandi, apandi, aapeyandi, apeyandi, aapiveyandi, nilipiveyandi, nilipiveyi",
    "message aapandi, messages aapandi, msg aapandi, message pampavaddu, message pampoddu",
  ],
  start: [
    "start, unstop, yes",
    "स्टार्ट, शुरू, शुरु, शुरू करें, शुरू करो, शुरू कीजिए, शुरु करें, शुरु करो, फिर से शुरू करें, चालू करें, चालू करो",
    "shuru, shuru karo, shuru kare, shuru karen, phir se shuru karo, chalu karo, chalu kare",
    "స్టార్ట్, ప్రారంభించు, ప్రారంభించండి, మొదలుపెట్టు, మొదలుపెట్టండి, మళ్ళీ ప్రారంభించండి, మళ్లీ ప్రారంభించండి",
    "prarambhinchu, prarambhinchandi, modalu pettu, modalu pettandi",
  ],
  help: [
    "help, info",
    "हेल्प, मदद, मदद चाहिए, मदद करें, सहायता, madad, madad chahiye, sahayata",
    "హెల్ప్, సహాయం, సహాయం కావాలి, సాయం కావాలి, sahayam, sahayam kavali",
  ],
};

/** Words that are as likely an answer. Twilio takes them by default, so by SMS they must count here too. */
const ANSWERS = new Set(["yes", "cancel", "end"]);

/** What Twilio knows by itself, the first line of each. */
const TWILIOS = new Set(
  Object.values(WORDS).flatMap(([english = ""]) => english.split(",").map((word) => plain(word))),
);

const KEYWORDS = new Map([...entries("stop"), ...entries("start"), ...entries("help")]);

function entries(keyword: Keyword): (readonly [string, Keyword])[] {
  return WORDS[keyword].flatMap((words) => words.split(",")).map((word) => [plain(word), keyword] as const);
}

/** What the whole text asks for, if it is one of these words, however it is written. */
export function keywordOf(text: string): Keyword | undefined {
  return KEYWORDS.get(plain(text));
}

/** Whether Twilio takes the whole text for a keyword by default and answers it by itself: the English ones, by SMS. */
export function isAnsweredByTwilio(text: string, channel: ContactChannel): boolean {
  return channel === "sms" && TWILIOS.has(plain(text));
}

/** What Twilio says that a customer asks for, where Advanced Opt-Out is on; then it has answered them itself. */
export type OptOutType = "STOP" | "START" | "HELP";

/**
 * What a customer chooses by a text: what Twilio says, when it does, else what the text says. "Cancel", "end" and "yes" count by SMS alone, where Twilio acts on them by itself,
 * and "yes" only from somebody who is opted out: anybody else answers a question.
 */
export function choiceOf(
  text: string,
  {
    channel,
    isOptedOut,
    optOutType,
  }: {
    readonly channel: ContactChannel;
    readonly isOptedOut: boolean;
    readonly optOutType?: OptOutType | undefined;
  },
): "stop" | "start" | undefined {
  if (optOutType === "STOP") return "stop";
  if (optOutType === "START") return "start";
  const keyword = keywordOf(text);
  if (keyword === undefined || keyword === "help") return undefined;
  const isAnswer = ANSWERS.has(plain(text)) && (channel !== "sms" || (keyword === "start" && !isOptedOut));
  return isAnswer ? undefined : keyword;
}

/** Letters, their marks and digits, in one case and one Unicode form; spaces, signs and joiners say nothing here. */
function plain(text: string): string {
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{M}\p{N}]|\p{Variation_Selector}/gu, "");
}
