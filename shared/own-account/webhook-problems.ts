import type { MessagingService } from "#shared/twilio/messaging-services.ts";
import type { NumberWebhooks } from "#shared/twilio/number-schemas.ts";
import type { OurWebhooks } from "#shared/twilio/numbers.ts";

/** Why what happens on a number does not reach us, or would not reach us as it should. */
export type ProblemReason =
  | "not_set"
  | "url_mismatch"
  | "wrong_method"
  | "overridden_by_application"
  | "overridden_by_trunk"
  | "service_overrides_number"
  | "number_missing";

export interface WebhookProblem {
  readonly webhook: "sms" | "voice" | "status_callback";
  readonly reason: ProblemReason;
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
      webhook,
      reason: "number_missing",
    }));
  }
  const { webhooks: has, service } = found;
  return [
    ...only("sms", [
      has.smsApplicationSid !== "" && "overridden_by_application",
      overrides(service, wanted) && "service_overrides_number",
      address(has.smsUrl, wanted.smsUrl),
      method(has.smsMethod, "POST"),
    ]),
    ...only("voice", [
      has.trunkSid !== "" && "overridden_by_trunk",
      has.voiceApplicationSid !== "" && "overridden_by_application",
      address(has.voiceUrl, wanted.voiceUrl),
      method(has.voiceMethod, "POST"),
      address(has.voiceFallbackUrl, wanted.voiceFallbackUrl),
      method(has.voiceFallbackMethod, "GET"),
    ]),
    ...only("status_callback", [
      address(has.statusCallback, wanted.statusCallback),
      method(has.statusCallbackMethod, "POST"),
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
  webhook: WebhookProblem["webhook"],
  reasons: readonly (ProblemReason | false)[],
): WebhookProblem[] {
  return [...new Set(reasons)].flatMap((reason) => (reason === false ? [] : [{ webhook, reason }]));
}
