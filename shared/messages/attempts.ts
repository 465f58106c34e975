import type { Attempt, OutboundMessage } from "./message.ts";

/** Whether Twilio has the message by this attempt, and it has not come to nothing. */
export function isAlive({ sid, state }: Attempt): boolean {
  return sid !== null && state !== "failed" && state !== "undelivered";
}

/** Twilio took it and could not deliver it. */
export function isUndelivered({ sid, state }: Attempt): boolean {
  return sid !== null && (state === "failed" || state === "undelivered");
}

/** The attempts since the message was accepted, or since its sender sent it again. */
export function recentAttempts({ attempts, accepted_at }: OutboundMessage): Attempt[] {
  return attempts.filter(({ started_at }) => started_at >= accepted_at);
}

/** Whether a text at Twilio may be this attempt's: a template of Twilio's words its own, else it is ours but for blanks. */
export function hasText({ body }: OutboundMessage, { content_sid }: Attempt, text: string): boolean {
  return content_sid !== null || text.trim() === body.trim();
}
