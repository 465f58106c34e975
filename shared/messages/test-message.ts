import { AppError } from "#shared/core/errors.ts";

/** What became of the message that shows a salon's owner that it works. The words are for the owner. */
export type TestMessage =
  /** Twilio has it. */
  | { readonly outcome: "sent" }
  | {
      readonly outcome: "skipped";
      readonly reason: "sms_off" | "owner_has_no_phone";
      readonly message: string;
    }
  /** `reason`: the class of the failure, or else the state in which it is: Twilio may have it all the same. */
  | { readonly outcome: "not_sent"; readonly reason: string; readonly message: string };

/** Failures that say the salon could not send to anybody; any other is the owner's phone's, or passes. */
const FOR_ALL = ["credential", "account", "sender"];

/** Throws when the test message shows that the salon could not send to anybody. */
export function requireAbleToSend(test: TestMessage): void {
  if (test.outcome === "not_sent" && FOR_ALL.includes(test.reason))
    throw new AppError("failed-precondition", test.message, { context: { reason: test.reason } });
}
