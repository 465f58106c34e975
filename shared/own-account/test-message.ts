import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { TestMessage } from "#shared/messages/test-message.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { type Changes, codeOf } from "./changes.ts";
import type { ChangedBy, StepReport } from "./own-accounts.ts";

/** Sends the salon's owner the message that shows it works, the same one for the same key, and says what became of it. */
export type SendTest = (salonId: SalonId, salon: Salon, key: string) => Promise<TestMessage>;

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
      const test = await sendTest(salonId, await salons.open(salonId), key);
      if (test.outcome === "sent") return ended("done", null, null);
      return ended(test.outcome === "skipped" ? "skipped" : "failed", test.reason, test.message);
    } catch (error) {
      const says = error instanceof AppError ? error.message : "Something went wrong on our side; try again.";
      return ended("failed", codeOf(error), says);
    }
  }
}

function failureOf(reason: string): AppError {
  return new AppError("failed-precondition", "The test message failed.", { context: { reason } });
}
