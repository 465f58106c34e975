/** Twilio's largest webhook, a message with ten media and all that Twilio adds, stays well under this. */
export const MAX_WEBHOOK_BYTES = 65_536;
