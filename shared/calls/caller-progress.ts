import type { Language } from "#shared/salons/communication-settings.ts";
import { type Call, type CallChoice, CallOutcome, hasEnded, type Recording } from "./call.ts";

/** What happened at one step of a customer's call. */
export interface Heard {
  readonly language: Language;
  readonly choice?: { readonly turn: number; readonly choice: CallChoice } | undefined;
  readonly outcome?: CallOutcome | undefined;
}

/** The call after a step, which may be told of twice or late; the same object when it changes nothing. */
export function afterHeard(call: Call, { language, choice, outcome }: Heard): Call {
  const isNew = choice !== undefined && call.choices.every(({ turn }) => turn !== choice.turn);
  const choices = isNew
    ? [...call.choices, choice].sort((one, other) => one.turn - other.turn)
    : call.choices;
  const best = outcome === undefined ? call.outcome : better(call.outcome, outcome);
  // A late repetition of an earlier step does not bring its language back.
  const isLast = choice === undefined ? call.language === null : choices.at(-1)?.turn === choice.turn;
  const spoken = isLast ? language : call.language;
  if (choices === call.choices && best === call.outcome && spoken === call.language) return call;
  return { ...call, choices, outcome: best, language: spoken };
}

/** The call with a message that was left, listed once; the same object when it was. */
export function afterRecording(call: Call, recording: Recording): Call {
  if (call.recordings.some(({ sid }) => sid === recording.sid)) return call;
  return {
    ...call,
    recordings: [...call.recordings, recording],
    outcome: better(call.outcome, "voicemail"),
  };
}

/** A customer's call that is over came to something, or was given up. */
export function afterEnd(call: Call): Call {
  if (call.direction !== "inbound" || call.outcome !== null || !hasEnded(call.state)) return call;
  return { ...call, outcome: "abandoned" };
}

/** The later one in the order of the list stays, in whatever order they are told of. */
function better(known: CallOutcome | null, told: CallOutcome): CallOutcome {
  if (known === null) return told;
  const rank = CallOutcome.options;
  return rank.indexOf(told) > rank.indexOf(known) ? told : known;
}
