import { isAccountTrouble } from "#shared/twilio/failure-classes.ts";
import type { Attempt, OutboundMessage } from "./message.ts";

/** Whether a failure says that the salon's account or sender is in trouble; a test message ends and says so itself. */
export function isTroubleOfSalon(
  { purpose }: Pick<OutboundMessage, "purpose">,
  source: Attempt["source"],
  code: number | undefined,
): source is "salon_own" | "platform_subaccount" {
  if (purpose === "test" || !isAccountTrouble(code)) return false;
  return source === "salon_own" || source === "platform_subaccount";
}
