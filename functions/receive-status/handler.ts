import { CallState } from "#shared/calls/call.ts";
import type { Calls } from "#shared/calls/call-store.ts";
import { CallId } from "#shared/calls/outbound-call.ts";
import { accountFingerprint, MessageId, PLATFORM_SEGMENT } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { PartyOf } from "#shared/core/phone.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import { twilioState } from "#shared/messages/state.ts";
import type { Handler, Reply } from "#shared/runtime/http-boundary.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { callStatusCallbackSchema, messageStatusCallbackSchema } from "#shared/twilio/webhook-parameters.ts";
import { attemptIn, webhookSegments } from "#shared/webhooks/path.ts";
import type { VerifyPlatformWebhook } from "#shared/webhooks/platform-accounts.ts";
import { refusal } from "#shared/webhooks/refusal.ts";
import type { VerifiedWebhook, VerifyWebhook } from "#shared/webhooks/verification.ts";

export interface Deps {
  readonly verify: VerifyWebhook;
  readonly verifyMessageStatus: VerifyWebhook;
  readonly verifyPlatform: VerifyPlatformWebhook;
  readonly messages: OutboundMessages;
  readonly calls: Calls;
  readonly salons: Salons;
  readonly partyOf: PartyOf;
  readonly logger: Logger;
}

/** Records where a message or a call got to. Twilio repeats and reorders callbacks, so a late one changes nothing. */
export function createHandler({
  verify,
  verifyMessageStatus,
  verifyPlatform,
  messages,
  calls,
  salons,
  partyOf,
  logger,
}: Deps): Handler {
  return async (request) => {
    const [salonId = "", messageId, attempt, attemptOfCall] = webhookSegments(request.path, ["status"]);
    if (messageId === "calls") {
      return outboundCallStatus(await verify(request, salonId), attempt, attemptIn(attemptOfCall));
    }
    const id = MessageId.safeParse(messageId).data;
    if (id !== undefined) {
      return messageStatus(await verifyMessageStatus(request, salonId), id, attemptIn(attempt));
    }
    if (salonId === PLATFORM_SEGMENT) {
      await verifyPlatform(request);
      return ignored("a call to a number of the platform's");
    }
    const webhook = await verify(request, salonId);
    return messageId === undefined ? callStatus(webhook) : ignored("no address of ours");
  };

  async function messageStatus(webhook: VerifiedWebhook, id: MessageId, attempt: number) {
    const { salonId, account, tokenRole, form } = webhook;
    const callback = messageStatusCallbackSchema.safeParse(form).data;
    const state = twilioState(callback?.status ?? "");
    if (callback === undefined || state === undefined) return ignored("not understood");
    const errorCode = callback.errorCode === undefined ? {} : { errorCode: callback.errorCode };
    const from = { salonId, account: accountFingerprint(account.accountSid) };
    const result = await messages.report(id, attempt, {
      sid: callback.messageSid,
      state,
      ...errorCode,
      from,
    });
    const fields = { salonId, messageId: id, attempt, state, outcome: result.outcome, tokenRole };
    if (result.outcome === "forbidden") throw refusal();
    if (result.outcome === "foreign" || result.outcome === "doubled")
      logger.error("one message was sent twice", fields);
    return { status: 204, log: fields };
  }

  /** A call that the salon makes has its own address, which names it and the attempt. */
  async function outboundCallStatus(
    webhook: VerifiedWebhook,
    claimedId: string | undefined,
    attempt: number,
  ) {
    const { salonId, account, tokenRole, form } = webhook;
    const id = CallId.safeParse(claimedId).data;
    const callback = callStatusCallbackSchema.safeParse(form).data;
    const state = CallState.safeParse(callback?.status).data;
    if (id === undefined || callback === undefined || state === undefined) return ignored("not understood");
    const { callSid: sid, durationSeconds } = callback;
    const from = { salonId, account: accountFingerprint(account.accountSid) };
    const result = await calls.outbound.report(id, attempt, { sid, state, durationSeconds, from });
    const { outcome } = result;
    const fields = { salonId, callId: id, attempt, state, outcome, tokenRole };
    if (outcome === "forbidden" || outcome === "taken") throw refusal();
    if (outcome === "foreign" || outcome === "doubled") logger.error("one call was made twice", fields);
    return { status: 204, log: fields };
  }

  async function callStatus({ salonId, account, tokenRole, form }: VerifiedWebhook): Promise<Reply> {
    const callback = callStatusCallbackSchema.safeParse(form).data;
    const state = CallState.safeParse(callback?.status).data;
    if (callback === undefined || state === undefined) return ignored("not understood");
    // A call of the salon's has an address of its own, so what does not say otherwise is a customer's.
    const inbound = callback.direction?.startsWith("outbound") !== true;
    // Whatever has become of the salon since, its minutes are charged.
    const salon = await salons.find(salonId);
    if (salon === undefined) throw refusal();
    const outcome = await calls.report({
      salonId,
      callSid: callback.callSid,
      account: accountFingerprint(account.accountSid),
      direction: inbound ? "inbound" : "outbound",
      party: partyOf((inbound ? callback.from : callback.to) ?? "anonymous"),
      state,
      durationSeconds: callback.durationSeconds,
      timeZone: salon.time_zone,
      billedTo: account.owner === "salon_own" ? "own_account" : "platform",
    });
    if (outcome === "forbidden") throw refusal();
    return { status: 204, log: { salonId, state, outcome, tokenRole } };
  }
}

/** Twilio gains nothing by repeating what we do not understand. */
function ignored(reason: string): Reply {
  return { status: 204, log: { outcome: "ignored", reason } };
}
