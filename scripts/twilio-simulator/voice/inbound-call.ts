import type { Deliver } from "../webhooks/deliver.ts";
import type { Call } from "../world/call.ts";
import type { OwnedNumber } from "../world/phone-number.ts";
import { callParameters, callStatusWebhook, recordingWebhook } from "./call-webhook.ts";
import {
  type CallerAnswer,
  type Conversation,
  converse,
  type DialPlan,
  type Line,
  type Step,
  type VoicemailPlan,
} from "./conversation.ts";
import { dialLeg } from "./dialed-leg.ts";
import { answer, finish, keepRecording, newCall, type RatingDeps, rateCall } from "./new-call.ts";

export interface Ringing {
  readonly number: OwnedNumber;
  readonly from: string;
  readonly answers: readonly CallerAnswer[];
  readonly dial: DialPlan;
  readonly voicemail: VoicemailPlan;
  readonly durationSeconds: number;
}

export interface Answered {
  readonly call: Call;
  readonly steps: readonly Step[];
  /** What each recording's callback was answered with. */
  readonly recordingStatuses: readonly (number | null)[];
  /** Null without a status callback, or when it got no answer. */
  readonly statusCallbackStatus: number | null;
}

export type Ring = (ringing: Ringing) => Promise<Answered>;

interface Deps extends RatingDeps {
  readonly deliver: Deliver;
}

/** A customer calls one of the numbers and hears the application's TwiML through to the end. */
export function createRing({ deliver, ...deps }: Deps): Ring {
  const { world, faults } = deps;
  return async ({ number, from, answers, dial, voicemail, durationSeconds }) => {
    const { accountSid, phoneNumber: to, sid: phoneNumberSid } = number;
    const subject = { to, accountSids: [accountSid] };
    const draft = { accountSid, direction: "inbound", from, to, phoneNumberSid, status: "ringing" } as const;
    const call = newCall(world, faults, draft, subject);
    const line: Line = {
      accountSid,
      callSid: call.sid,
      keepRecording: (seconds) => keepRecording(world, call, seconds),
      parameters: callParameters(call),
      dial: (number, callerId) => dialLeg(deps, call, { to: number, callerId }, dial),
      ...{ answers, voicemail },
      fallback: { url: number.voiceFallbackUrl ?? "", method: number.voiceFallbackMethod },
      firstStatus: "ringing",
    };
    const { steps, end, recordings } = await talk(number, line);
    if (end === "completed") answer(call);
    finish(call, end, end === "completed" ? durationSeconds : 0);
    rateCall(call, subject, deps);
    const told = await Promise.all(recordings.map((recorded) => deliver(recordingWebhook(call, recorded))));
    const recordingStatuses = told.map(({ status }) => status);
    if (number.statusCallback === "") return { call, steps, recordingStatuses, statusCallbackStatus: null };
    const address = { url: number.statusCallback, method: number.statusCallbackMethod };
    const { status } = await deliver(callStatusWebhook(call, end, 0, address));
    return { call, steps, recordingStatuses, statusCallbackStatus: status };
  };

  /** An application or a trunk takes the place of the voice URL; without either, nobody answers. */
  async function talk(number: OwnedNumber, line: Line): Promise<Conversation> {
    const { voiceUrl, voiceMethod, voiceApplicationSid, trunkSid } = number;
    if (voiceUrl === null || voiceUrl === "" || voiceApplicationSid !== null || trunkSid !== null) {
      return { steps: [], end: "no-answer", recordings: [] };
    }
    return await converse(deliver, line, { url: voiceUrl, method: voiceMethod });
  }
}
