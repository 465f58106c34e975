import type { E164 } from "#shared/core/phone.ts";
import { Language } from "#shared/salons/communication-settings.ts";
import { type Call, type CallChoice, CallOutcome, hasEnded, type Recording } from "./call.ts";

/** What happened at one step of a customer's call. */
export interface Heard {
  readonly language: Language;
  readonly choice?: Call["choices"][number] | undefined;
  readonly outcome?: CallOutcome | undefined;
  /** The number of who left a message. */
  readonly from?: E164 | undefined;
}

/** The call after a step, which may be told of twice or late; the same object when it changes nothing. */
export function afterHeard(call: Call, { language, choice, outcome, from }: Heard): Call {
  const isNew = choice !== undefined && call.choices.every(({ turn }) => turn !== choice.turn);
  const choices = isNew
    ? [...call.choices, choice].toSorted((one, other) => one.turn - other.turn)
    : call.choices;
  const best = outcome === undefined ? call.outcome : better(call.outcome, outcome);
  const spoken = lastLanguage(choices) ?? call.language ?? language;
  const left = from === undefined || from === call.from ? call : { ...call, from };
  if (choices === call.choices && best === call.outcome && spoken === call.language) return left;
  return { ...left, choices, outcome: best, language: spoken };
}

/** The call with a message that was left, listed once; the same object when it was. */
export function afterRecording(call: Call, recording: Recording): Call {
  if (call.recordings.some(({ sid }) => sid === recording.sid)) return call;
  const recordings = [...call.recordings, recording];
  return {
    ...call,
    recordings,
    recording_sids: recordings.map(({ sid }) => sid),
    voicemail_at: recording.received_at,
    outcome: better(call.outcome, "voicemail"),
  };
}

/** A customer's call that is over came to something, or was given up. */
export function afterEnd(call: Call): Call {
  if (call.direction !== "inbound" || call.outcome !== null || !hasEnded(call.state)) return call;
  return { ...call, outcome: "abandoned" };
}

function lastLanguage(choices: Call["choices"]): Language | undefined {
  const languages = choices.flatMap(({ choice }) => languageOf(choice) ?? []);
  return languages.at(-1);
}

function languageOf(choice: CallChoice): Language | undefined {
  return Language.safeParse(choice).data;
}

/** What counts most stays, in whatever order it is told. */
function better(known: CallOutcome | null, told: CallOutcome): CallOutcome {
  const rank = CallOutcome.options;
  return known !== null && rank.indexOf(known) >= rank.indexOf(told) ? known : told;
}
