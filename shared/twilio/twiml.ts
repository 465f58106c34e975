import VoiceResponse from "twilio/lib/twiml/VoiceResponse.js";

type SayLanguage = NonNullable<VoiceResponse.SayAttributes["language"]>;

export interface Speech {
  readonly text: string;
  readonly language?: SayLanguage;
}

export interface Menu {
  /** Said while the caller may press a key. */
  readonly prompt: readonly Speech[];
  /** Where the digit goes, by POST. */
  readonly action: string;
  readonly timeoutSeconds?: number;
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
  /** A menu of one digit. Without a key the script goes on. */
  gather(menu: Menu): CallScript;
  dial(transfer: Transfer): CallScript;
  hangup(): CallScript;
  /** As TwiML, to be answered as `text/xml`. */
  toString(): string;
}

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
    gather({ prompt, action, timeoutSeconds = 5 }) {
      const gather = response.gather({
        numDigits: 1,
        input: ["dtmf"],
        action,
        method: "POST",
        timeout: timeoutSeconds,
      });
      for (const speech of prompt) speak(gather, speech);
      return script;
    },
    dial({ number, callerId, action, timeoutSeconds = 20 }) {
      const shown = callerId === undefined ? {} : { callerId };
      response.dial({ ...shown, action, method: "POST", timeout: timeoutSeconds }, number);
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

type Speaker = Pick<VoiceResponse, "say">;

function speak(speaker: Speaker, { text, language }: Speech): void {
  speaker.say(language === undefined ? {} : { language }, text);
}
