import { rfc2822 } from "../twilio-api/dates.ts";
import type { Webhook } from "../webhooks/deliver.ts";
import type { Call } from "../world/call.ts";
import { countryOf } from "../world/e164.ts";
import type { Recorded } from "./conversation.ts";

/** What every webhook of a call carries. */
export function callParameters(call: Call): Record<string, string> {
  return {
    CallSid: call.sid,
    AccountSid: call.accountSid,
    From: call.from,
    To: call.to,
    Caller: call.from,
    Called: call.to,
    FromCountry: countryOf(call.from),
    ToCountry: countryOf(call.to),
    ApiVersion: "2010-04-01",
    Direction: call.direction,
  };
}

/** A status callback; a finished call says how long it was, in seconds and in minutes begun. */
export function callStatusWebhook(
  call: Call,
  status: string,
  sequence: number,
  address: { url: string; method: "GET" | "POST" },
): Webhook {
  const seconds = call.durationSeconds;
  return {
    kind: "call-status",
    accountSid: call.accountSid,
    resourceSid: call.sid,
    event: status,
    ...address,
    parameters: {
      ...callParameters(call),
      CallStatus: status,
      Timestamp: rfc2822(new Date()),
      SequenceNumber: String(sequence),
      CallbackSource: "call-progress-events",
      ...(seconds !== null && { CallDuration: String(seconds), Duration: String(Math.ceil(seconds / 60)) }),
    },
  };
}

/** Tells of a recording that can be listened to. It names the call, and none of its numbers. */
export function recordingWebhook(call: Call, { sid, seconds, callback }: Recorded): Webhook {
  return {
    kind: "recording",
    accountSid: call.accountSid,
    resourceSid: sid,
    event: "completed",
    ...callback,
    parameters: {
      AccountSid: call.accountSid,
      CallSid: call.sid,
      RecordingSid: sid,
      RecordingUrl: `https://api.twilio.com/2010-04-01/Accounts/${call.accountSid}/Recordings/${sid}`,
      RecordingStatus: "completed",
      RecordingDuration: String(seconds),
      RecordingChannels: "1",
      RecordingSource: "RecordVerb",
      RecordingStartTime: rfc2822(new Date()),
    },
  };
}
