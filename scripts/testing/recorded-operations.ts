import type { OwnAccounts, StepReport } from "#shared/own-account/own-accounts.ts";

export interface Operation {
  readonly name: string;
  readonly given: readonly unknown[];
}

const done = (step: StepReport["step"]): StepReport => ({
  step,
  outcome: "done",
  reason: null,
  message: null,
});

/** Does nothing but remember what it was asked for; the next operation fails with what `failWith` was given. */
export function recordOperations() {
  const operations: Operation[] = [];
  let failure: Error | undefined;

  const recorded = async <T>(result: T, name: string, ...given: unknown[]): Promise<T> => {
    operations.push({ name, given });
    const error = failure;
    failure = undefined;
    if (error !== undefined) throw error;
    return result;
  };

  const ownAccounts: OwnAccounts = {
    save: (...given) => recorded([done("validate"), done("save")], "save", ...given),
    use: (...given) => recorded(undefined, "use", ...given),
    rotate: (...given) => recorded({ rollbackUntil: new Date("2026-03-02T10:00:00Z") }, "rotate", ...given),
    resumeRotation: (...given) => recorded(undefined, "resumeRotation", ...given),
    rollback: (...given) => recorded(undefined, "rollback", ...given),
    webhookStatus: (...given) =>
      recorded(
        { status: "error", reasons: [{ resource: "number", webhook: "sms", reason: "not_set" }] },
        "webhookStatus",
        ...given,
      ),
    repairWebhooks: (...given) => recorded({ status: "configured", reasons: [] }, "repairWebhooks", ...given),
    repairDrift: (...given) => recorded("configured", "repairDrift", ...given),
    sendTest: (...given) => recorded(done("test_message"), "sendTest", ...given),
    disconnect: (...given) => recorded(null, "disconnect", ...given),
    restoreWebhooks: (...given) => recorded(false, "restoreWebhooks", ...given),
    purgeExpired: (...given) => recorded(false, "purgeExpired", ...given),
  };
  return {
    ownAccounts,
    operations,
    failWith(error: Error) {
      failure = error;
    },
  };
}
