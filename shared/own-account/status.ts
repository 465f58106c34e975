import type { SalonIntegration } from "#shared/salons/integration.ts";

/** What `status` says of an integration, from what it has and what is switched on. */
export function statusOf({
  twilio,
  platform,
  requested,
}: SalonIntegration): Pick<SalonIntegration, "status" | "status_reason"> {
  const isConnected = twilio.account_sid !== null && twilio.auth_token !== null;
  if (twilio.is_active && isConnected) {
    if (twilio.webhook_status !== "error") return { status: "active", status_reason: null };
    return {
      status: "partial",
      status_reason: "Messages can be sent, but what customers write does not reach us; repair the webhooks.",
    };
  }
  if (platform?.is_active) return { status: "active", status_reason: null };
  if (requested?.messaging === "platform") {
    return { status: "partial", status_reason: "Messaging is being set up." };
  }
  if (isConnected || platform !== null) {
    return { status: "partial", status_reason: "Nothing is switched on to send with." };
  }
  return { status: "not_configured", status_reason: null };
}
