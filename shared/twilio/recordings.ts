import type { AccountContext } from "twilio/lib/rest/api/v2010/account.js";
import { z } from "zod";
import { toTwilioFailure } from "./errors.ts";
import { nothingWhen404, type Request } from "./request.ts";

/** A recording and the call it was made of. */
export interface RecordingOfCall {
  readonly callSid: string;
  readonly sid: string;
}

export interface Recordings {
  /** Deletes what was said; Twilio keeps for 40 days that there was a recording. Done when Twilio has none such. */
  deleteRecording(recording: RecordingOfCall): Promise<void>;
  /** What was said, as MP3, passed on as it comes. */
  playRecording(sid: string): AsyncGenerator<Uint8Array, void, void>;
}

/** Longer than any message takes that a caller may leave. */
const PLAYING_MS = 60_000;

/** The SDK reads no sound. `soundOf` says where a recording's is, and with which `Authorization`. */
export interface Sound {
  readonly url: string;
  readonly authorization: string;
}

export function createRecordings(
  own: AccountContext,
  request: Request,
  soundOf: (sid: string) => Sound,
): Recordings {
  return {
    async deleteRecording({ callSid, sid }) {
      const remove = () => own.calls(callSid).recordings(sid).remove();
      await nothingWhen404(request(z.literal(true), remove));
    },
    async *playRecording(sid) {
      const { url, authorization } = soundOf(sid);
      try {
        const signal = AbortSignal.timeout(PLAYING_MS);
        const response = await fetch(url, { headers: { authorization }, signal });
        if (!response.ok || response.body === null) {
          await response.body?.cancel();
          throw toTwilioFailure({ status: response.status });
        }
        yield* response.body;
      } catch (error) {
        throw toTwilioFailure(error);
      }
    },
  };
}
