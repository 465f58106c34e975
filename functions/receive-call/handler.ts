import { CallState } from "#shared/calls/call.ts";
import type { Calls } from "#shared/calls/call-store.ts";
import { greetingScript, menuScript, nobodyScript, transferredScript } from "#shared/calls/voice-script.ts";
import { accountFingerprint, PLATFORM_SEGMENT } from "#shared/core/ids.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { PartyOf } from "#shared/core/phone.ts";
import type { Handler } from "#shared/runtime/http-boundary.ts";
import type { Publisher } from "#shared/runtime/publisher.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { type VoiceWebhook, voiceWebhookSchema } from "#shared/twilio/webhook-parameters.ts";
import type { WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { isReachedAt } from "#shared/webhooks/accounts.ts";
import { webhookSegments } from "#shared/webhooks/path.ts";
import type { VerifyPlatformWebhook } from "#shared/webhooks/platform-accounts.ts";
import { refusal } from "#shared/webhooks/refusal.ts";
import type { VerifyWebhook } from "#shared/webhooks/verification.ts";
import { createAnswerReminder } from "./reminder.ts";

export interface Deps {
  readonly verify: VerifyWebhook;
  readonly verifyPlatform: VerifyPlatformWebhook;
  readonly salons: Salons;
  readonly calls: Calls;
  readonly urls: WebhookUrls;
  readonly partyOf: PartyOf;
  readonly publisher: Publisher;
  readonly logger: Logger;
}

/** Answers a call with the salon's greeting and menu, and speaks in the calls that the salon makes; as TwiML. */
export function createHandler(deps: Deps): Handler {
  const { verify, verifyPlatform, salons, calls, urls, partyOf } = deps;
  const answerReminder = createAnswerReminder(deps);
  return async (request) => {
    const [claimedSalonId = "", step, ...path] = webhookSegments(request.path, ["voice"]);
    if (step === "reminder") return answerReminder(request, claimedSalonId, path);
    if (claimedSalonId === PLATFORM_SEGMENT) {
      await verifyPlatform(request, (candidate, { To }) => isReachedAt(candidate, To));
      return { status: 200, type: "text/xml", body: nobodyScript(), log: { step: "nobody" } };
    }
    const { salonId, account, tokenRole, form } = await verify(request, claimedSalonId, (candidate, { To }) =>
      isReachedAt(candidate, To),
    );
    const call = voiceWebhookSchema.safeParse(form).data;
    if (call === undefined) throw refusal();
    const salon = await salons.open(salonId);
    if (step === undefined) {
      await calls.report({
        salonId,
        callSid: call.callSid,
        account: accountFingerprint(account.accountSid),
        direction: "inbound",
        party: partyOf(call.from ?? "anonymous"),
        state: CallState.catch("ringing").parse(call.status),
        durationSeconds: undefined,
        timeZone: salon.time_zone,
        billedTo: account.owner === "salon_own" ? "own_account" : "platform",
      });
    }
    const steps = { menu: urls.voice(salonId, "menu"), transferred: urls.voice(salonId, "transferred") };
    const body = script(salon, step, call, steps);
    return { status: 200, type: "text/xml", body, log: { salonId, step: step ?? "greeting", tokenRole } };
  };
}

function script(
  salon: Salon,
  step: string | undefined,
  call: VoiceWebhook,
  steps: Record<"menu" | "transferred", string>,
) {
  if (step === "menu") return menuScript(salon, call.digits, steps);
  if (step === "transferred") return transferredScript(call.dialStatus);
  return greetingScript(salon, steps);
}
