import { nobodyScript } from "#shared/calls/voice-script.ts";
import { PLATFORM_SEGMENT } from "#shared/core/ids.ts";
import type { Handler } from "#shared/runtime/http-boundary.ts";
import { isReachedAt } from "#shared/webhooks/accounts.ts";
import { webhookSegments } from "#shared/webhooks/path.ts";
import type { VerifyPlatformWebhook } from "#shared/webhooks/platform-accounts.ts";
import { type CallerDeps, createAnswerCaller } from "./caller.ts";
import { createTakeRecording } from "./recording.ts";
import { createAnswerReminder, type ReminderDeps } from "./reminder.ts";

export interface Deps extends CallerDeps, ReminderDeps {
  readonly calls: CallerDeps["calls"];
  readonly verifyPlatform: VerifyPlatformWebhook;
}

/** Speaks with who calls a salon, takes their messages, and speaks in the calls that the salon makes; as TwiML. */
export function createHandler(deps: Deps): Handler {
  const answerCaller = createAnswerCaller(deps);
  const answerReminder = createAnswerReminder(deps);
  const takeRecording = createTakeRecording(deps);
  return async (request) => {
    const [salonId = "", ...path] = webhookSegments(request.path, ["voice"]);
    const [step, ...rest] = path;
    if (step === "reminder") return answerReminder(request, salonId, rest);
    if (salonId === PLATFORM_SEGMENT) {
      await deps.verifyPlatform(request, (candidate, { To }) => isReachedAt(candidate, To));
      return { status: 200, type: "text/xml", body: nobodyScript(), log: { step: "nobody" } };
    }
    return step === "recording" ? takeRecording(request, salonId) : answerCaller(request, salonId, path);
  };
}
