import type { SalonIntegration } from "./integration.ts";
import { isStuck } from "./own-tokens.ts";

type Status = Pick<SalonIntegration, "status" | "status_reason">;

/** Of a rotation that goes on when the owner has entered another token, or Twilio takes one of the two again. */
export const STUCK_REASON =
  "Twilio accepts neither the Auth Token in use nor the one that was to replace it; enter the one from your Twilio Console. If Twilio has suspended your account, settle that there first.";

/** What `status` says of an integration, from what it has, what is switched on and whether that works. */
export function statusOf({ twilio, platform, requested, health }: SalonIntegration): Status {
  const isConnected = twilio.account_sid !== null && twilio.auth_token !== null;
  if (twilio.is_active && isConnected) {
    if (isStuck(twilio)) return { status: "error", status_reason: STUCK_REASON };
    if (health.salon_own !== null) return { status: "error", status_reason: health.salon_own.reason };
    if (twilio.webhook_status !== "error") return { status: "active", status_reason: null };
    return {
      status: "partial",
      status_reason: "Messages can be sent, but what customers write does not reach us; repair the webhooks.",
    };
  }
  if (platform?.is_active) {
    const trouble = health.platform_subaccount;
    return trouble === null
      ? { status: "active", status_reason: null }
      : { status: "error", status_reason: trouble.reason };
  }
  if (requested?.messaging === "platform") {
    return { status: "partial", status_reason: "Messaging is being set up." };
  }
  if (isConnected || platform !== null) {
    return { status: "partial", status_reason: "Nothing is switched on to send with." };
  }
  return { status: "not_configured", status_reason: null };
}
