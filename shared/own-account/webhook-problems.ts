import type { MessagingService } from "#shared/twilio/messaging-services.ts";
import type { NumberWebhooks } from "#shared/twilio/number-schemas.ts";
import type { OurWebhooks } from "#shared/twilio/numbers.ts";
import type { SenderWebhooks } from "#shared/twilio/whatsapp-senders.ts";

/** Why what happens on a number or a WhatsApp sender does not reach us, or would not reach us as it should. */
export type ProblemReason =
  | "not_set"
  | "url_mismatch"
  | "wrong_method"
  | "overridden_by_application"
  | "overridden_by_trunk"
  | "service_overrides_number"
  | "number_missing"
  | "sender_missing";

export interface WebhookProblem {
  /** What of the account it is about: its phone number, or the WhatsApp number registered in it. */
  readonly resource: "number" | "whatsapp_sender";
  readonly webhook: "sms" | "voice" | "whatsapp" | "status_callback";
  readonly reason: ProblemReason;
}

/** Our webhooks on a WhatsApp sender; Twilio posts to both. */
export interface OurSenderWebhooks {
  readonly callbackUrl: string;
  /** Empty text for none: messages carry their own. */
  readonly statusCallbackUrl: string;
}

/** What stands between a number and us: its own settings, and the service that it may belong to. */
export interface FoundWebhooks {
  readonly webhooks: NumberWebhooks;
  readonly service: MessagingService | undefined;
}

/** All that is wrong, webhook by webhook; empty when everything reaches us. `undefined`: there is no such number. */
export function webhookProblems(found: FoundWebhooks | undefined, wanted: OurWebhooks): WebhookProblem[] {
  if (found === undefined) {
    return (["sms", "voice", "status_callback"] as const).map((webhook) => ({
      resource: "number",
      webhook,
      reason: "number_missing",
    }));
  }
  const { webhooks: has, service } = found;
  return [
    ...only("number", "sms", [
      has.smsApplicationSid !== "" && "overridden_by_application",
      overrides(service, wanted) && "service_overrides_number",
      address(has.smsUrl, wanted.smsUrl),
      method(has.smsMethod, "POST"),
    ]),
    ...only("number", "voice", [
      has.trunkSid !== "" && "overridden_by_trunk",
      has.voiceApplicationSid !== "" && "overridden_by_application",
      address(has.voiceUrl, wanted.voiceUrl),
      method(has.voiceMethod, "POST"),
      address(has.voiceFallbackUrl, wanted.voiceFallbackUrl),
      method(has.voiceFallbackMethod, "GET"),
    ]),
    ...only("number", "status_callback", [
      address(has.statusCallback, wanted.statusCallback),
      method(has.statusCallbackMethod, "POST"),
    ]),
  ];
}

/** The same of a WhatsApp sender. `undefined`: no such number is registered in the account. */
export function senderProblems(has: SenderWebhooks | undefined, wanted: OurSenderWebhooks): WebhookProblem[] {
  if (has === undefined) return only("whatsapp_sender", "whatsapp", ["sender_missing"]);
  return [
    ...only("whatsapp_sender", "whatsapp", [
      address(has.callbackUrl, wanted.callbackUrl),
      method(has.callbackMethod, "POST"),
    ]),
    ...only("whatsapp_sender", "status_callback", [
      address(has.statusCallbackUrl, wanted.statusCallbackUrl),
      wanted.statusCallbackUrl !== "" && method(has.statusCallbackMethod, "POST"),
    ]),
  ];
}

/** A service that passes messages to our own address takes nothing from us. */
function overrides(service: MessagingService | undefined, { smsUrl }: OurWebhooks): boolean {
  if (service === undefined || service.useInboundWebhookOnNumber) return false;
  return service.inboundRequestUrl !== smsUrl || service.inboundMethod !== "POST";
}

function address(has: string, wanted: string): ProblemReason | false {
  if (has === wanted) return false;
  return has === "" ? "not_set" : "url_mismatch";
}

function method(has: string, wanted: string): ProblemReason | false {
  return has !== wanted && "wrong_method";
}

function only(
  resource: WebhookProblem["resource"],
  webhook: WebhookProblem["webhook"],
  reasons: readonly (ProblemReason | false)[],
): WebhookProblem[] {
  return [...new Set(reasons)].flatMap((reason) => (reason === false ? [] : [{ resource, webhook, reason }]));
}
