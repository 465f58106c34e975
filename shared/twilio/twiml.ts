import VoiceResponse from "twilio/lib/twiml/VoiceResponse.js";

type Say = Required<VoiceResponse.SayAttributes>;
type GatherLanguage = NonNullable<VoiceResponse.GatherAttributes["language"]>;

/** Who speaks, in which of the languages that they speak; with any other one Twilio says nothing. */
export interface Voice {
  readonly language: Say["language"];
  readonly name: Say["voice"];
}

export interface Speech {
  readonly text: string;
  /** Twilio's own for American English when left out. */
  readonly voice?: Voice;
}

export interface Menu {
  /** Said while the caller may press a key. */
  readonly prompt: readonly Speech[];
  /** Where the digit goes, by POST. */
  readonly action: string;
  readonly timeoutSeconds?: number;
  /** A word said goes to `action` as well, as text; `hints` are words to be expected. */
  readonly listens?: { readonly language: GatherLanguage; readonly hints: readonly string[] };
  /** Whether `action` is asked when neither came, too. */
  readonly tellsSilence?: boolean;
}

export interface Voicemail {
  /** Asked by POST when the caller is done. Who says nothing goes on with the script instead. */
  readonly action: string;
  /** Told by POST once the recording can be listened to. */
  readonly recordedTo: string;
  readonly maxSeconds: number;
  /** The key that ends it. */
  readonly finishOnKey: string;
}

export interface Transfer {
  /** E.164. */
  readonly number: string;
  /** The number shown to who is called, E.164; the caller's when left out. */
  readonly callerId?: string;
  /** Asked by POST when the transfer ends, with its outcome. */
  readonly action: string;
  readonly timeoutSeconds?: number;
}

/** What a call does, step after step. */
export interface CallScript {
  say(speech: Speech): CallScript;
  /** A menu of one digit. Without a key the script goes on, unless silence is told. */
  gather(menu: Menu): CallScript;
  dial(transfer: Transfer): CallScript;
  /** After a beep, until the key or some seconds of silence. */
  record(voicemail: Voicemail): CallScript;
  hangup(): CallScript;
  /** As TwiML, to be answered as `text/xml`. */
  toString(): string;
}

/** So long a caller may think while their message is recorded. */
const SILENCE_SECONDS = 5;

/** The answer to a webhook that has nothing to say. */
export function emptyResponse(): string {
  return new VoiceResponse().toString();
}

export function createCallScript(): CallScript {
  const response = new VoiceResponse();
  const script: CallScript = {
    say(speech) {
      speak(response, speech);
      return script;
    },
    gather({ prompt, action, timeoutSeconds = 5, listens, tellsSilence = false }) {
      const gather = response.gather({
        numDigits: 1,
        input: listens === undefined ? ["dtmf"] : ["dtmf", "speech"],
        action,
        method: "POST",
        timeout: timeoutSeconds,
        ...(listens === undefined ? {} : speechOf(listens)),
        ...(tellsSilence ? { actionOnEmptyResult: true } : {}),
      });
      for (const speech of prompt) speak(gather, speech);
      return script;
    },
    dial({ number, callerId, action, timeoutSeconds = 20 }) {
      const shown = callerId === undefined ? {} : { callerId };
      response.dial({ ...shown, action, method: "POST", timeout: timeoutSeconds }, number);
      return script;
    },
    record({ action, recordedTo, maxSeconds, finishOnKey }) {
      response.record({
        action,
        method: "POST",
        maxLength: maxSeconds,
        finishOnKey,
        timeout: SILENCE_SECONDS,
        playBeep: true,
        recordingStatusCallback: recordedTo,
        recordingStatusCallbackMethod: "POST",
      });
      return script;
    },
    hangup() {
      response.hangup();
      return script;
    },
    toString: () => response.toString(),
  };
  return script;
}

/** Nobody waits long after a word, and whoever speaks a sentence pauses no longer. */
function speechOf({ language, hints }: NonNullable<Menu["listens"]>) {
  return { language, hints: hints.join(","), speechTimeout: "2" };
}

type Speaker = Pick<VoiceResponse, "say">;

function speak(speaker: Speaker, { text, voice }: Speech): void {
  speaker.say(voice === undefined ? {} : { language: voice.language, voice: voice.name }, text);
}
