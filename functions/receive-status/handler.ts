import { CallState } from "#shared/calls/call.ts";
import type { Calls } from "#shared/calls/call-store.ts";
import { accountFingerprint, MessageId } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { PartyOf } from "#shared/core/phone.ts";
import type { Announcer } from "#shared/messages/announcer.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import { twilioState } from "#shared/messages/state.ts";
import type { Handler, Reply } from "#shared/runtime/http-boundary.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { callStatusCallbackSchema, messageStatusCallbackSchema } from "#shared/twilio/webhook-parameters.ts";
import { webhookSegments } from "#shared/webhooks/path.ts";
import { refusal, type VerifiedWebhook, type VerifyWebhook } from "#shared/webhooks/verification.ts";

export interface Deps {
  readonly verify: VerifyWebhook;
  readonly messages: OutboundMessages;
  readonly calls: Calls;
  readonly salons: Salons;
  readonly announcer: Announcer;
  readonly partyOf: PartyOf;
  readonly logger: Logger;
}

/** Records where a message or a call got to. Twilio repeats and reorders callbacks, so a late one changes nothing. */
export function createHandler({
  verify,
  messages,
  calls,
  salons,
  announcer,
  partyOf,
  logger,
}: Deps): Handler {
  return async (request) => {
    const [salonId = "", messageId, attempt] = webhookSegments(request.path, ["status"]);
    const webhook = await verify(request, salonId);
    const id = MessageId.safeParse(messageId).data;
    if (id !== undefined) return messageStatus(webhook, id, Number(attempt));
    return callStatus(webhook);
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
    if (result.outcome === "foreign") logger.error("one attempt was sent twice", fields);
    // A repeated callback may stand for one whose announcement failed, so what it says is told again.
    const current = "message" in result ? result.message : await messages.get(id);
    if (current?.state === state) await announcer.announce(current);
    return { status: 204, log: fields };
  }

  async function callStatus({ salonId, account, tokenRole, form }: VerifiedWebhook): Promise<Reply> {
    const callback = callStatusCallbackSchema.safeParse(form).data;
    const state = CallState.safeParse(callback?.status).data;
    if (callback === undefined || state === undefined) return ignored("not understood");
    const inbound = callback.direction === "inbound";
    const salon = await salons.open(salonId);
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
