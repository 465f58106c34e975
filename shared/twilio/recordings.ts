import type { AccountContext } from "twilio/lib/rest/api/v2010/account.js";
import { z } from "zod";
import { nothingWhen404, type Request } from "./request.ts";

/** A recording and the call it was made of. */
export interface RecordingOfCall {
  readonly callSid: string;
  readonly sid: string;
}

export interface Recordings {
  /** Deletes what was said; Twilio keeps for 40 days that there was a recording. Done when Twilio has none such. */
  deleteRecording(recording: RecordingOfCall): Promise<void>;
}

export function createRecordings(own: AccountContext, request: Request): Recordings {
  return {
    async deleteRecording({ callSid, sid }) {
      const remove = () => own.calls(callSid).recordings(sid).remove();
      await nothingWhen404(request(z.literal(true), remove));
    },
  };
}
