import { createHash } from "node:crypto";
import { z } from "zod";

/** Stands where a salon's id stands in the webhooks of the platform's own numbers, and is none. */
export const PLATFORM_SEGMENT = "platform";

/** A salon's id: also a document id, a path segment of webhooks and a subaccount's FriendlyName (64 at most). */
export const SalonId = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9_-]{2,63}$/,
    "must be 3 to 64 letters, digits, - or _, starting with a letter or digit",
  )
  .refine((id) => id !== PLATFORM_SEGMENT, "is reserved")
  .brand("SalonId");
export type SalonId = z.infer<typeof SalonId>;

/** A message's id: 40 hexadecimal digits. */
export const MessageId = z
  .string()
  .regex(/^[0-9a-f]{40}$/, "must be a message id: 40 hexadecimal digits")
  .brand("MessageId");
export type MessageId = z.infer<typeof MessageId>;

/** The id of the one message that a salon accepts for an idempotency key. */
export function messageIdOf(salonId: SalonId, idempotencyKey: string): MessageId {
  return MessageId.parse(sha256Hex("message", salonId, idempotencyKey).slice(0, 40));
}

/**
 * Names a Twilio account where its SID must not stand in the clear. A SID holds 128 random bits, so a plain hash
 * of it cannot be searched through.
 */
export function accountFingerprint(accountSid: string): string {
  return sha256Hex("twilio-account", accountSid).slice(0, 32);
}

/** SHA-256 over parts that cannot run into each other, as hexadecimal digits. */
export function sha256Hex(...parts: string[]): string {
  return createHash("sha256").update(JSON.stringify(parts)).digest("hex");
}
