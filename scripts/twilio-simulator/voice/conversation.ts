import { readTwiml } from "../twiml/twiml.ts";
import type { XmlElement } from "../twiml/xml.ts";
import { type Deliver, succeeded } from "../webhooks/deliver.ts";
import type { Call } from "../world/call.ts";
import { isSpeakable } from "./voices.ts";

/** What a caller does when they are asked for something; silence hears the prompt out. */
export type CallerAnswer =
  | { readonly digits: string }
  | { readonly speech: string }
  | { readonly silence: true }
  | { readonly hangup: true };

/** How somebody who is dialed during a call takes it. */
export interface DialPlan {
  readonly status: "completed" | "busy" | "no-answer" | "failed" | "canceled";
  readonly seconds: number;
}

/** What a caller leaves after the tone; 0 seconds = they say nothing. */
export interface VoicemailPlan {
  readonly seconds: number;
  /** Whether they hang up instead of pressing a key. */
  readonly hangsUp: boolean;
}

/** A recording that Twilio tells of once the call is over. */
export interface Recorded {
  readonly sid: string;
  readonly seconds: number;
  readonly callback: Address;
}

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
  readonly recordings: readonly Recorded[];
}

export interface Line {
  readonly accountSid: string;
  readonly callSid: string;
  /** Keeps what the caller said for so many seconds, and gives its SID. */
  readonly keepRecording: (durationSeconds: number) => string;
  /** What every request of this call carries. */
  readonly parameters: Readonly<Record<string, string>>;
  /** One entry for each Gather; after the last one the caller is silent. */
  readonly answers: readonly CallerAnswer[];
  /** Puts the caller through to somebody; undefined = showing the caller's number. Gives that call, ended. */
  readonly dial: (to: string, callerId: string | undefined) => Call;
  readonly voicemail: VoicemailPlan;
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

/** What is left of a caller's plans while they listen. */
interface Caller {
  readonly line: Line;
  readonly answers: CallerAnswer[];
  readonly recordings: Recorded[];
}

const MOST_DOCUMENTS = 50;
const APPLICATION_ERROR = "We are sorry, an application error has occurred. Goodbye.";

/** Of who is not told otherwise. */
export const USUAL_DIAL: DialPlan = { status: "completed", seconds: 10 };
export const USUAL_VOICEMAIL: VoicemailPlan = { seconds: 5, hangsUp: false };

/** Plays a caller who listens to everything and answers as planned, from the first document to the end. */
export async function converse(
  deliver: Deliver,
  line: Line,
  start: Address | { twiml: string },
): Promise<Conversation> {
  const caller: Caller = { line, answers: [...line.answers], recordings: [] };
  const { recordings } = caller;
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
      const next = performVerb(verb, said, caller, url);
      if (next !== undefined) return next;
    }
    return "completed";
  }

  let next: Next = "completed";
  if ("twiml" in start) next = perform("", 200, "text/xml", start.twiml);
  else next = { go: start, parameters: {} };
  while (typeof next !== "string") {
    if (steps.length === MOST_DOCUMENTS) return { steps, end: "completed", recordings };
    const callStatus = steps.length === 0 ? line.firstStatus : "in-progress";
    const { url, status, contentType, body } = await fetchDocument(next.go, next.parameters, callStatus);
    next = perform(url, status, contentType, body);
  }
  return { steps, end: next, recordings };
}

/** Undefined when the call goes on with the following verb. Unknown verbs are passed over, as at Twilio. */
function performVerb(verb: XmlElement, said: string[], caller: Caller, url: string): Next | undefined {
  const { name, attributes, children, text } = verb;
  const action = (parameters: Record<string, string>): Next => ({
    go: { url: resolve(attributes.get("action"), url), method: methodOf(verb) },
    parameters,
  });
  switch (name) {
    case "Say": {
      const isHeard = isSpeakable(attributes.get("voice"), attributes.get("language"));
      said.push(isHeard ? text : APPLICATION_ERROR);
      return isHeard ? undefined : "completed";
    }
    case "Play":
      said.push(`[plays ${text}]`);
      return undefined;
    case "Gather": {
      for (const prompt of children) {
        const next = performVerb(prompt, said, caller, url);
        if (next !== undefined) return next;
      }
      const given = caller.answers.shift();
      if (given !== undefined && "hangup" in given) return "completed";
      const heard = given === undefined ? undefined : heardBy(verb, given);
      if (heard === undefined && attributes.get("actionOnEmptyResult") !== "true") return undefined;
      return action(heard ?? {});
    }
    case "Dial": {
      const [to = "", ...others] = text === "" ? children.map((noun) => noun.text) : [text];
      said.push(`[dials ${[to, ...others].join(", ")}]`);
      const { sid, status, durationSeconds } = caller.line.dial(to, attributes.get("callerId"));
      if (!attributes.has("action")) return undefined;
      const length = status === "completed" ? { DialCallDuration: String(durationSeconds) } : {};
      return action({ DialCallSid: sid, DialCallStatus: status, ...length });
    }
    case "Record":
      return record(verb, said, caller, url, action);
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

/** After silence the call goes on with the next verb; who hangs up has their message kept. */
function record(
  { attributes }: XmlElement,
  said: string[],
  { line, recordings }: Caller,
  url: string,
  action: (parameters: Record<string, string>) => Next,
): Next | undefined {
  said.push("[records]");
  const { seconds, hangsUp } = line.voicemail;
  if (seconds === 0) return hangsUp ? "completed" : undefined;
  const sid = line.keepRecording(seconds);
  const callback = attributes.get("recordingStatusCallback");
  const method = attributes.get("recordingStatusCallbackMethod")?.toUpperCase() === "GET" ? "GET" : "POST";
  if (callback !== undefined)
    recordings.push({ sid, seconds, callback: { url: resolve(callback, url), method } });
  return action({
    RecordingSid: sid,
    RecordingUrl: `https://api.twilio.com/Recordings/${sid}`,
    RecordingDuration: String(seconds),
    ...(hangsUp ? { Digits: "hangup", CallStatus: "completed" } : {}),
  });
}

/** What a Gather makes of an answer; undefined for what it does not listen to. */
function heardBy(verb: XmlElement, answer: CallerAnswer): Record<string, string> | undefined {
  const input = (verb.attributes.get("input") ?? "dtmf").split(/\s+/);
  if ("digits" in answer)
    return input.includes("dtmf") ? { Digits: gathered(verb, answer.digits) } : undefined;
  if (!("speech" in answer) || !input.includes("speech")) return undefined;
  return { SpeechResult: answer.speech, Confidence: "0.9" };
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
