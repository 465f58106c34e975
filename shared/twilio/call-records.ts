import type { AccountContext } from "twilio/lib/rest/api/v2010/account.js";
import { z } from "zod";
import { type Price, priceOf } from "./price.ts";
import type { Request } from "./request.ts";
import { type CallStatus, callStatusSchema } from "./statuses.ts";

/** A call as Twilio keeps it for its bill. */
export interface CallRecord {
  readonly sid: string;
  /** `leg`: to whom another call was put through. */
  readonly direction: "inbound" | "outbound" | "leg" | "other";
  /** The call that a leg belongs to. */
  readonly parentSid: string | undefined;
  readonly to: string;
  /** As Twilio writes it; `anonymous` where the caller hides the number. */
  readonly from: string;
  readonly status: CallStatus;
  /** Known when the call has ended. */
  readonly durationSeconds: number | undefined;
  /** For the connection alone; it comes some time after the call. */
  readonly price: Price | undefined;
  readonly startedAt: Date | undefined;
}

export interface CallRecords {
  /** The account's calls that began since then, newest first, `limit` at most. What is still in Twilio's queue has not begun. */
  callsSince(filter: { readonly startedAfter: Date; readonly limit: number }): Promise<CallRecord[]>;
}

const MOST_PER_PAGE = 1000;

export function createCallRecords(own: AccountContext, request: Request): CallRecords {
  return {
    callsSince: ({ startedAfter: startTimeAfter, limit }) =>
      request(z.array(recordSchema), () =>
        own.calls.list({ startTimeAfter, limit, pageSize: Math.min(limit, MOST_PER_PAGE) }),
      ),
  };
}

/** Twilio's words: of a call that was asked for, of the leg that `<Dial>` began; SIP trunks have others. */
const DIRECTIONS: ReadonlyMap<string, CallRecord["direction"]> = new Map([
  ["inbound", "inbound"],
  ["outbound-api", "outbound"],
  ["outbound-dial", "leg"],
]);

const recordSchema = z
  .object({
    sid: z.string(),
    direction: z.string().nullish(),
    parentCallSid: z.string().nullish(),
    to: z.string().nullish(),
    from: z.string().nullish(),
    status: callStatusSchema,
    duration: z.coerce.number().int().nonnegative().nullish().catch(null),
    price: z.string().nullish(),
    priceUnit: z.string().nullish(),
    startTime: z.date().nullish(),
  })
  .transform(
    (call): CallRecord => ({
      sid: call.sid,
      direction: DIRECTIONS.get(call.direction ?? "") ?? "other",
      parentSid: call.parentCallSid ?? undefined,
      to: call.to ?? "",
      from: call.from ?? "anonymous",
      status: call.status,
      durationSeconds: call.duration ?? undefined,
      price: priceOf(call.price, call.priceUnit),
      startedAt: call.startTime ?? undefined,
    }),
  );
