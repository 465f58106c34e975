import { readTwiml } from "../twiml/twiml.ts";
import type { XmlElement } from "../twiml/xml.ts";
import { type Deliver, succeeded } from "../webhooks/deliver.ts";

/** One TwiML document that the application gave, and what the caller heard of it. */
export interface Step {
  readonly url: string;
  readonly status: number | null;
  readonly twiml: string;
  readonly said: readonly string[];
}

export interface Conversation {
  readonly steps: readonly Step[];
  readonly end: "completed" | "busy" | "no-answer";
}

export interface Line {
  readonly accountSid: string;
  readonly callSid: string;
  readonly recordingSid: () => string;
  /** What every request of this call carries. */
  readonly parameters: Readonly<Record<string, string>>;
  /** One entry for each Gather that gets an answer. */
  readonly digits: readonly string[];
  readonly fallback: Address | undefined;
  /** Of the call when its first document is fetched. */
  readonly firstStatus: "ringing" | "in-progress";
}

export interface Address {
  readonly url: string;
  readonly method: "GET" | "POST";
}

/** Where the call goes next: to another document, or to its end. */
type Next = { readonly go: Address; readonly parameters: Record<string, string> } | Conversation["end"];

const MOST_DOCUMENTS = 50;
const APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye.";

/** Plays a caller who listens to everything and presses the given digits, from the first document to the end. */
export async function converse(
  deliver: Deliver,
  line: Line,
  start: Address | { twiml: string },
): Promise<Conversation> {
  const digits = [...line.digits];
  const steps: Step[] = [];

  async function fetchDocument(address: Address, parameters: Record<string, string>, callStatus: string) {
    const webhook = {
      kind: "call" as const,
      accountSid: line.accountSid,
      resourceSid: line.callSid,
      event: callStatus,
      parameters: { ...line.parameters, CallStatus: callStatus, ...parameters },
    };
    const delivery = await deliver({ ...webhook, ...address, fallback: line.fallback });
    const isBad = !succeeded(delivery) || !readTwiml(delivery.contentType, delivery.body).ok;
    if (!isBad || delivery.usedFallback || line.fallback === undefined || line.fallback.url === "")
      return delivery;
    // An answer that is not TwiML sends Twilio to the fallback as well.
    return await deliver({ ...webhook, ...line.fallback });
  }

  function perform(url: string, status: number | null, contentType: string, body: string): Next {
    const said: string[] = [];
    steps.push({ url, status, twiml: body, said });
    const twiml = readTwiml(contentType, body);
    if (status === null || status >= 400 || !twiml.ok) {
      said.push(APPLICATION_ERROR);
      return "completed";
    }
    for (const verb of twiml.verbs) {
      const next = performVerb(verb, said, digits, url, line.recordingSid);
      if (next !== undefined) return next;
    }
    return "completed";
  }

  let next: Next = "completed";
  if ("twiml" in start) next = perform("", 200, "text/xml", start.twiml);
  else next = { go: start, parameters: {} };
  while (typeof next !== "string") {
    if (steps.length === MOST_DOCUMENTS) return { steps, end: "completed" };
    const callStatus = steps.length === 0 ? line.firstStatus : "in-progress";
    const { url, status, contentType, body } = await fetchDocument(next.go, next.parameters, callStatus);
    next = perform(url, status, contentType, body);
  }
  return { steps, end: next };
}

/** Undefined when the call goes on with the following verb. Unknown verbs are passed over, as at Twilio. */
function performVerb(
  verb: XmlElement,
  said: string[],
  digits: string[],
  url: string,
  recordingSid: () => string,
): Next | undefined {
  const { name, attributes, children, text } = verb;
  const action = (parameters: Record<string, string>): Next => ({
    go: { url: resolve(attributes.get("action"), url), method: methodOf(verb) },
    parameters,
  });
  switch (name) {
    case "Say":
      said.push(text);
      return undefined;
    case "Play":
      said.push(`[plays ${text}]`);
      return undefined;
    case "Gather": {
      for (const prompt of children) performVerb(prompt, said, digits, url, recordingSid);
      const pressed = digits.shift();
      if (pressed === undefined && attributes.get("actionOnEmptyResult") !== "true") return undefined;
      return action({ Digits: gathered(verb, pressed ?? "") });
    }
    case "Dial":
      said.push(`[dials ${text || children.map((noun) => noun.text).join(", ")}]`);
      if (!attributes.has("action")) return undefined;
      return action({ DialCallStatus: "completed", DialCallDuration: "10" });
    case "Record": {
      said.push("[records]");
      const sid = recordingSid();
      return action({
        RecordingSid: sid,
        RecordingUrl: `https://api.twilio.com/Recordings/${sid}`,
        RecordingDuration: "5",
      });
    }
    case "Redirect":
      return { go: { url: resolve(text, url), method: methodOf(verb) }, parameters: {} };
    case "Reject":
      return attributes.get("reason") === "busy" ? "busy" : "no-answer";
    case "Hangup":
      return "completed";
    default:
      return undefined;
  }
}

function gathered({ attributes }: XmlElement, pressed: string): string {
  const finishOnKey = attributes.get("finishOnKey") ?? "#";
  const [before = ""] = finishOnKey === "" ? [pressed] : pressed.split(finishOnKey);
  return before.slice(0, Number(attributes.get("numDigits") ?? before.length));
}

function methodOf({ attributes }: XmlElement): "GET" | "POST" {
  return attributes.get("method")?.toUpperCase() === "GET" ? "GET" : "POST";
}

/** An absolute address stays as it was written, because what was written is what gets signed. */
function resolve(address: string | undefined, documentUrl: string): string {
  if (address === undefined || address === "") return documentUrl;
  return URL.canParse(address) || !URL.canParse(documentUrl) ? address : new URL(address, documentUrl).href;
}
