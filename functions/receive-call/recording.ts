import type { Calls } from "#shared/calls/call-store.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import type { HttpRequest, Reply } from "#shared/runtime/http-boundary.ts";
import { recordingCallbackSchema } from "#shared/twilio/webhook-parameters.ts";
import { refusal } from "#shared/webhooks/refusal.ts";
import type { VerifyWebhook } from "#shared/webhooks/verification.ts";

export interface RecordingDeps {
  readonly verify: VerifyWebhook;
  readonly calls: Calls;
}

/** What Twilio tells of a message that a caller left, at `…/voice/{salonId}/recording`. */
export type TakeRecording = (request: HttpRequest, salonId: string) => Promise<Reply>;

/** It names no number, so it is the call that says whose it is. A recording of nothing is not listed. */
export function createTakeRecording({ verify, calls }: RecordingDeps): TakeRecording {
  return async (request, claimedSalonId) => {
    const { salonId, account, tokenRole, form } = await verify(request, claimedSalonId);
    const callback = recordingCallbackSchema.safeParse(form).data;
    if (callback === undefined) throw refusal();
    const { callSid, sid, durationSeconds, isComplete } = callback;
    if (!isComplete || durationSeconds === 0)
      return { status: 204, log: { salonId, step: "recording", outcome: "empty", tokenRole } };
    const outcome = await calls.listRecording({
      salonId,
      callSid,
      account: accountFingerprint(account.accountSid),
      recording: { sid, duration_seconds: durationSeconds },
    });
    if (outcome === "forbidden") throw refusal();
    return { status: 204, log: { salonId, step: "recording", outcome, tokenRole } };
  };
}
