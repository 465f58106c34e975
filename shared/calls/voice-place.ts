import { type CommunicationSettings, Language } from "#shared/salons/communication-settings.ts";

/** What a caller was asked or offered last. */
const STEPS = ["language", "menu", "transferred", "recorded"] as const;
export type Step = (typeof STEPS)[number];

/** Where a caller is in the call's script. It stands in the address that Twilio asks next, and nowhere else. */
export interface Place {
  readonly step: Step;
  readonly language: Language;
  /** Counts the prompts of the call, from 1. */
  readonly turn: number;
  /** How often in a row the caller was not understood. */
  readonly misses: number;
}

/** A caller is not kept on the line by pressing keys without end. */
export const MOST_TURNS = 30;
/** A prompt is said once, and twice more to who does not answer it. */
export const MOST_MISSES = 3;

/** The place as segments of a path. */
export function placeSegments({ step, language, turn, misses }: Place): string[] {
  return [step, language, String(turn), String(misses)];
}

/** The place in the segments of a path; undefined for the beginning of a call, and for what is none of ours. */
export function placeIn(
  [step, language, turn, misses]: readonly string[],
  settings: CommunicationSettings,
): Place | undefined {
  const known = STEPS.find((each) => each === step);
  if (known === undefined) return undefined;
  return {
    step: known,
    language: Language.safeParse(language).data ?? settings.default_language,
    turn: countIn(turn) ?? 1,
    misses: countIn(misses) ?? 0,
  };
}

function countIn(segment = ""): number | undefined {
  return /^\d{1,2}$/.test(segment) ? Number(segment) : undefined;
}
