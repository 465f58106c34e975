import { z } from "zod";
import type { CallAcceptance } from "#shared/calls/call-acceptance.ts";
import { MAX_TEXT_CHARACTERS } from "#shared/calls/call-request.ts";
import {
  Answer,
  CallAttempt,
  CallCategory,
  CallFailure,
  CallHoldReason,
  CallId,
  CallTiming,
  type OutboundCall,
  OutboundCallState,
} from "#shared/calls/outbound-call.ts";
import type { OutboundCalls } from "#shared/calls/outbound-call-store.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import type { CallerEmail, CallerPolicies } from "#shared/identity/caller-policies.ts";
import { IdempotencyKey } from "#shared/messages/send-request.ts";
import { invalid, parsed } from "#shared/runtime/json-body.ts";
import { answer, body, NO_BODY } from "#shared/runtime/route-contract.ts";
import { Language } from "#shared/salons/communication-settings.ts";
import type { Admission } from "./admission.ts";
import { type Outcome, type Route, route } from "./routes.ts";

export interface CallRoutesDeps {
  readonly admission: Pick<Admission, "toSend">;
  readonly policies: Pick<CallerPolicies, "actsFor">;
  readonly callAcceptance: CallAcceptance;
  readonly calls: Pick<OutboundCalls, "get" | "cancel">;
}

const tooLong = `must not be longer than ${MAX_TEXT_CHARACTERS} characters`;
const words = z.string().max(MAX_TEXT_CHARACTERS, tooLong);
const time = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

const CallBody = z.strictObject({
  salon_id: SalonId,
  to: E164,
  language: Language.describe("What it is spoken in"),
  text: words.optional().describe("What is said; left out with a template"),
  template: z.strictObject({ name: z.string().max(64), variables: z.record(z.string(), words) }).optional(),
  category: CallCategory.optional().describe("transactional, unless the template says otherwise"),
  confirm: z.boolean().describe("Whether it asks for a key: 1 confirms, 2 cancels, 9 says it again"),
  timing: CallTiming.optional().describe("no_quiet_hours, unless told otherwise"),
  send_at: time.optional().describe("Not before this, within 90 days"),
  expires_at: time
    .optional()
    .describe("Not after this; a day after it may be made by default, 7 days at most"),
});

const Time = z.iso.datetime();

/** A call as its sender may see it: no account, no hash, no party. */
const CallView = z.object({
  call_id: CallId,
  salon_id: SalonId,
  to: z.string(),
  language: Language,
  category: CallCategory,
  confirm: z.boolean(),
  state: OutboundCallState,
  hold_reason: CallHoldReason.nullable().describe("Why it waits"),
  answer: Answer.describe("What was pressed; none also when a machine answered"),
  failure: CallFailure.nullable(),
  attempts: z.array(
    z.object({
      number: z.int(),
      source: CallAttempt.shape.source.describe("Whose account made it"),
      state: z.string(),
      error_code: z.int().nullable().describe("Twilio's"),
      duration_seconds: z.int().nullable(),
      started_at: Time,
    }),
  ),
  send_at: Time.nullable(),
  expires_at: Time,
  accepted_at: Time,
  updated_at: Time,
});

/** Calls that say something and may ask for a key. */
export function createCallRoutes({ admission, policies, callAcceptance, calls }: CallRoutesDeps): Route[] {
  return [
    route({
      method: "POST",
      path: "/v1/calls",
      operation: "makeCall",
      summary: "Have a customer called, once per Idempotency-Key",
      note: "A busy line or one that nobody takes is called twice more, 15 minutes apart. A repeated request gets the call as far as it has come; another call under the same key is a conflict.",
      isKeyed: true,
      takes: body(CallBody),
      gives: answer(CallView, 202),
      work: async ({ caller, request }, { salon_id: salonId, send_at, expires_at, ...asked }) => {
        const key = request.header("idempotency-key");
        if (key === undefined) throw invalid("Idempotency-Key", "Idempotency-Key: send this header.");
        const idempotencyKey = parsed(IdempotencyKey, key, ["Idempotency-Key"]);
        await admission.toSend(caller, salonId, { count: 1, critical: false });
        const { created, call } = await callAcceptance.accept({
          ...asked,
          salonId,
          idempotencyKey,
          sendAt: send_at,
          expiresAt: expires_at,
        });
        return outcomeOf(call, created ? "accepted" : "repeated");
      },
    }),
    route({
      method: "GET",
      path: "/v1/calls/{callId}",
      operation: "readCall",
      summary: "Where a call is, and what was pressed",
      takes: NO_BODY,
      gives: answer(CallView),
      work: async ({ caller, parameters }) => outcomeOf(await callFor(caller, parameters.callId)),
    }),
    route({
      method: "POST",
      path: "/v1/calls/{callId}:cancel",
      operation: "cancelCall",
      summary: "Call a call back that does not ring; a conflict when it is too late",
      note: "Between two tries of a call that nobody took it is not too late.",
      takes: NO_BODY,
      gives: answer(CallView),
      work: async ({ caller, parameters }) => {
        const call = await callFor(caller, parameters.callId);
        if (call.state === "canceled") return outcomeOf(call, "repeated");
        const canceled = await calls.cancel(call.id);
        if (canceled === undefined) throw tooLate(call.salon_id);
        return outcomeOf(canceled, "canceled");
      },
    }),
  ];

  /** The call of this id; one of a salon that the service may not act for looks like none. */
  async function callFor(caller: CallerEmail, claimedId: string | undefined): Promise<OutboundCall> {
    const id = CallId.safeParse(claimedId).data;
    const call = id === undefined ? undefined : await calls.get(id);
    if (call !== undefined && (await policies.actsFor(caller, call.salon_id))) return call;
    throw new AppError("not-found", "There is no call with this id.");
  }
}

function outcomeOf(call: OutboundCall, outcome?: string): Outcome<z.input<typeof CallView>> {
  const log = { salonId: call.salon_id, callId: call.id, ...(outcome === undefined ? {} : { outcome }) };
  return { answer: callView(call), log };
}

function tooLate(salonId: SalonId): AppError {
  const message = "It is too late to cancel this call; it is being made, or has ended.";
  return new AppError("conflict", message, { context: { salonId } });
}

function callView(call: OutboundCall): z.input<typeof CallView> {
  return {
    ...call,
    call_id: call.id,
    attempts: call.attempts.map((attempt) => ({ ...attempt, started_at: attempt.started_at.toISOString() })),
    send_at: call.send_at?.toISOString() ?? null,
    expires_at: call.expires_at.toISOString(),
    accepted_at: call.accepted_at.toISOString(),
    updated_at: call.updated_at.toISOString(),
  };
}
