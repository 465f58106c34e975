import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { type Changes, codeOf } from "./changes.ts";
import type { ChangedBy, StepReport } from "./own-accounts.ts";

/**
 * Sends the salon's owner the message that shows it works, the same one for the same key. Throws when the failure
 * means that the salon could not send to anybody; `context.reason` says its class.
 */
export type SendTest = (salonId: SalonId, salon: Salon, key: string) => Promise<void>;

export interface TestMessageDeps {
  readonly changes: Changes;
  readonly salons: Salons;
  readonly sendTest: SendTest;
}

/** The test message as a step that never throws: it is asked for to see whether it works. */
export function createTestStep({ changes, salons, sendTest }: TestMessageDeps) {
  return async (salonId: SalonId, by: ChangedBy, key: string): Promise<StepReport> => {
    const report = await tried(salonId, key);
    if (report.outcome !== "skipped") {
      const code = report.reason ?? "internal";
      const failure = report.outcome === "done" ? undefined : failureOf(code);
      await changes.note(salonId, by, "test_message_sent", failure);
    }
    return report;
  };

  async function tried(salonId: SalonId, key: string): Promise<StepReport> {
    const ended = (outcome: StepReport["outcome"], reason: string | null, message: string | null) =>
      ({ step: "test_message", outcome, reason, message }) as const;
    try {
      const salon = await salons.open(salonId);
      if (!salon.communication.sms_enabled) {
        return ended("skipped", "sms_off", "No test message was sent, because SMS is switched off.");
      }
      if (!E164.safeParse(salon.owner.phone).success) {
        const says = "No test message was sent, because the owner has no phone number such as +14155550123.";
        return ended("skipped", "owner_has_no_phone", says);
      }
      await sendTest(salonId, salon, key);
      return ended("done", null, null);
    } catch (error) {
      const says = error instanceof AppError ? error.message : "Something went wrong on our side; try again.";
      return ended("failed", codeOf(error), says);
    }
  }
}

function failureOf(reason: string): AppError {
  return new AppError("failed-precondition", "The test message failed.", { context: { reason } });
}
