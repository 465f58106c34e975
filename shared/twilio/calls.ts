import type { AccountContext } from "twilio/lib/rest/api/v2010/account.js";
import { z } from "zod";
import { nothingWhen404, type Request } from "./request.ts";
import { type CallStatus, callStatusSchema } from "./statuses.ts";

export interface OutgoingCall {
  /** E.164. */
  readonly to: string;
  readonly from: string;
  /** Asked by POST what to say, once somebody has answered. */
  readonly url: string;
  /** Told of every state of the call. */
  readonly statusCallback: string;
  /** How long it rings until nobody has answered. */
  readonly ringSeconds: number;
  /** When Twilio ends it, whatever is going on. */
  readonly limitSeconds: number;
}

export interface PlacedCall {
  readonly sid: string;
  readonly to: string;
  readonly from: string | undefined;
  readonly status: CallStatus;
  /** Made by a request to Twilio: neither a customer's call nor the leg of one that is put through. */
  readonly isRequested: boolean;
  /** Known when the call has ended. */
  readonly durationSeconds: number | undefined;
  readonly createdAt: Date;
}

export interface CallFilter {
  readonly to: string;
  readonly from: string;
  /** Applied to what Twilio lists: it filters by the start, which a call in its queue does not have yet. */
  readonly createdAfter: Date;
  /** How many calls to look at, before `createdAfter` is applied. */
  readonly limit: number;
}

/** The spec's VoiceAdapter: what one account can do by phone. */
export interface OutgoingCalls {
  /** Not idempotent: an `unclear` failure may have made the call. */
  createCall(call: OutgoingCall): Promise<PlacedCall>;
  /** Undefined when Twilio has no such call. */
  fetchCall(sid: string): Promise<PlacedCall | undefined>;
  /** Newest first. Twilio's list lags behind by seconds. */
  listCalls(filter: CallFilter): Promise<PlacedCall[]>;
}

const EVENTS = ["initiated", "ringing", "answered", "completed"];

export function createOutgoingCalls(own: AccountContext, request: Request): OutgoingCalls {
  return {
    createCall: ({ to, from, url, statusCallback, ringSeconds, limitSeconds }) =>
      request(callSchema, () =>
        own.calls.create({
          to,
          from,
          url,
          method: "POST",
          statusCallback,
          statusCallbackMethod: "POST",
          statusCallbackEvent: EVENTS,
          timeout: ringSeconds,
          timeLimit: limitSeconds,
        }),
      ),
    fetchCall: (sid) => nothingWhen404(request(callSchema, () => own.calls(sid).fetch())),
    async listCalls({ createdAfter, limit, ...filter }) {
      const list = () => own.calls.list({ ...filter, limit, pageSize: limit });
      const found = await request(z.array(callSchema), list);
      return found
        .filter(({ createdAt }) => createdAt > createdAfter)
        .sort((one, other) => other.createdAt.getTime() - one.createdAt.getTime());
    },
  };
}

const callSchema = z
  .object({
    sid: z.string(),
    to: z.string().nullish(),
    from: z.string().nullish(),
    status: callStatusSchema,
    direction: z.string().nullish(),
    duration: z.coerce.number().int().nonnegative().nullish().catch(null),
    dateCreated: z.date().nullish(),
  })
  .transform(
    (call): PlacedCall => ({
      sid: call.sid,
      to: call.to ?? "",
      from: call.from ?? undefined,
      status: call.status,
      isRequested: call.direction === "outbound-api",
      durationSeconds: call.duration ?? undefined,
      // A call that Twilio has just put in its queue may have no date yet.
      createdAt: call.dateCreated ?? new Date(),
    }),
  );
