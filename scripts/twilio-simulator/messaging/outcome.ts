import type { FaultOf } from "../faults/fault.ts";
import { isWhatsApp, type Message, type MessageStatus } from "../world/message.ts";

/** Why a message will not arrive; without a status, the code decides how it ends. */
export type Failure = Pick<FaultOf<"recipient">, "error_code" | "status">;

export interface Stage {
  readonly status: MessageStatus;
  readonly errorCode: number | null;
}

/**
 * What the carrier says about a message once it has been sent; every other code is found by Twilio or the
 * channel before or instead of sending, and such a message is `failed`.
 */
const CARRIER_ERRORS = new Set([30003, 30004, 30005, 30006, 30007, 30008, 30017, 30034, 30410, 30450]);

/** The statuses a message goes through after the initial one, which is never reported. */
export function stagesOf(message: Message, fault: Failure | undefined): readonly Stage[] {
  const stages = endOf(fault).map((status) => ({ status, errorCode: null }));
  const last = stages.pop();
  const queued = message.messagingServiceSid === null ? [] : [{ status: "queued" as const, errorCode: null }];
  if (last === undefined) return queued;
  return [...queued, ...stages, { status: last.status, errorCode: fault?.error_code ?? null }];
}

function endOf(fault: Failure | undefined): MessageStatus[] {
  if (fault === undefined) return ["sent", "delivered"];
  const end = fault.status ?? (CARRIER_ERRORS.has(fault.error_code) ? "undelivered" : "failed");
  return end === "undelivered" ? ["sent", "undelivered"] : ["failed"];
}

/** The sentence Twilio shows with an error; it asks not to rely on it. */
export function errorMessageOf(message: Message): string | null {
  if (message.errorCode === null) return null;
  return isWhatsApp(message.to)
    ? `Channel error ${message.errorCode}`
    : `Delivery error ${message.errorCode}`;
}
