import { CallId, type OutboundCall } from "#shared/calls/outbound-call.ts";
import type { OutboundCalls } from "#shared/calls/outbound-call-store.ts";
import {
  answeredScript,
  meaningOf,
  type ReminderSteps,
  reminderScript,
  wrongKeyScript,
} from "#shared/calls/reminder-script.ts";
import { accountFingerprint } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { HttpRequest, Reply } from "#shared/runtime/http-boundary.ts";
import { voiceWebhookSchema } from "#shared/twilio/webhook-parameters.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { attemptIn } from "#shared/webhooks/path.ts";
import { refusal } from "#shared/webhooks/refusal.ts";
import type { VerifyWebhook } from "#shared/webhooks/verification.ts";

export interface ReminderDeps {
  readonly verify: VerifyWebhook;
  readonly calls: { readonly outbound: OutboundCalls };
  readonly urls: WebhookUrls;
  readonly logger: Logger;
}

/** What Twilio asks for a call of the salon's, by `…/voice/{salonId}/reminder/{callId}/{attempt}[/{step}]`. */
export type AnswerReminder = (
  request: HttpRequest,
  salonId: string,
  path: readonly string[],
) => Promise<Reply>;

/** Says what the call is for, and takes the key. Whether a person or a machine has answered is not asked. */
export function createAnswerReminder({ verify, calls, urls, logger }: ReminderDeps): AnswerReminder {
  return async (request, claimedSalonId, [claimedId, attemptText, step]) => {
    const { salonId, account, tokenRole, form } = await verify(request, claimedSalonId);
    const webhook = voiceWebhookSchema.safeParse(form).data;
    const id = CallId.safeParse(claimedId).data;
    if (webhook === undefined || id === undefined) throw refusal();
    const attempt = attemptIn(attemptText);
    const from = { salonId, account: accountFingerprint(account.accountSid) };
    const fields = { salonId, callId: id, attempt };

    // Twilio asks because somebody has answered, so this settles an attempt whose beginning nobody saw.
    const result = await calls.outbound.report(id, attempt, {
      sid: webhook.callSid,
      state: "in-progress",
      from,
    });
    const { outcome } = result;
    if (outcome === "forbidden" || outcome === "unknown" || outcome === "taken") throw refusal();
    if (outcome === "foreign" || outcome === "doubled") logger.error("one call was made twice", fields);
    const call = "call" in result ? result.call : await calls.outbound.get(id);
    if (call === undefined) throw refusal();

    const steps = {
      key: urls.reminder(salonId, id, attempt, "key"),
      last_key: urls.reminder(salonId, id, attempt, "last_key"),
    };
    const body = await script(call, attempt, step, webhook.digits, steps, from);
    return { status: 200, type: "text/xml", body, log: { ...fields, step: step ?? "reminder", tokenRole } };
  };

  async function script(
    call: OutboundCall,
    attempt: number,
    step: string | undefined,
    digits: string | undefined,
    steps: ReminderSteps,
    from: { readonly salonId: OutboundCall["salon_id"]; readonly account: string },
  ): Promise<string> {
    if (step !== "key" && step !== "last_key") return reminderScript(call, steps);
    const meaning = meaningOf(digits);
    if (meaning === "again") return reminderScript(call, steps);
    if (meaning === undefined) return wrongKeyScript(call, step === "key" ? steps : undefined);
    const answered = await calls.outbound.press(call.id, { answer: meaning, attempt, from });
    if (answered === undefined) throw refusal();
    return answeredScript(answered);
  }
}
