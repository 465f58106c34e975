import { noContent } from "../http/reply.ts";
import type { Recording } from "../world/recording.ts";
import type { World } from "../world/world.ts";
import { type ApiHandler, type ApiRequest, pathParameter } from "./api-request.ts";
import { rfc2822 } from "./dates.ts";
import { TwilioError } from "./error.ts";
import { pageOf } from "./paging.ts";

const BYTES_A_SECOND = 4_000;

/** What was recorded of a call: listed, served as silence, and removed. */
export function createRecordingResource({
  calls,
  recordings,
}: World): Record<"list" | "play" | "remove", ApiHandler> {
  function ofCall(request: ApiRequest): readonly Recording[] {
    const call = calls.find(pathParameter(request, "CallSid"));
    if (call?.accountSid !== request.account.sid) throw notFound(request);
    return recordings.ofCall(call.sid);
  }

  return {
    list: (request) =>
      pageOf(request, {
        key: "recordings",
        items: ofCall(request),
        tokenOf: ({ sid }) => sid,
        present,
      }),
    play(request) {
      const recording = recordings.find(pathParameter(request, "Sid"));
      if (recording?.accountSid !== request.account.sid) throw notFound(request);
      return { status: 200, contentType: "audio/mpeg", body: silence(recording) };
    },
    remove(request) {
      const wanted = pathParameter(request, "Sid");
      const recording = ofCall(request).find(({ sid }) => sid === wanted);
      if (recording === undefined) throw notFound(request);
      recordings.remove(recording.sid);
      return noContent;
    },
  };
}

/** No real MP3: so many bytes as a second takes at 32 kbit/s, marked as what they stand for. */
function silence({ sid, durationSeconds }: Recording): string {
  return `ID3 ${sid} ${"\0".repeat(durationSeconds * BYTES_A_SECOND)}`;
}

function notFound({ path }: ApiRequest): TwilioError {
  return new TwilioError(20404, `The requested resource ${path} was not found`);
}

function present({ sid, accountSid, callSid, durationSeconds, dateCreated }: Recording) {
  const date = rfc2822(dateCreated);
  return {
    sid,
    account_sid: accountSid,
    api_version: "2010-04-01",
    call_sid: callSid,
    conference_sid: null,
    date_created: date,
    date_updated: date,
    start_time: date,
    duration: String(durationSeconds),
    price: null,
    price_unit: "USD",
    encryption_details: null,
    status: "completed",
    channels: 1,
    source: "RecordVerb",
    error_code: null,
    track: "both",
    uri: `/2010-04-01/Accounts/${accountSid}/Calls/${callSid}/Recordings/${sid}.json`,
  };
}
