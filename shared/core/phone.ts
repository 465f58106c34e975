import { createHmac } from "node:crypto";
import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import { z } from "zod";
import type { Secret } from "./secret.ts";

/** A phone number in E.164, for example +14155550123. */
export const E164 = z
  .string()
  .regex(/^\+[1-9]\d{6,14}$/, "must be a phone number in E.164 format, for example +14155550123")
  .refine((value) => parsePhoneNumberFromString(value)?.isPossible() === true, {
    message: "must be a possible phone number in E.164 format, for example +14155550123",
  })
  .brand("E164");
export type E164 = z.infer<typeof E164>;

/** Gives the name under which a phone number may stand in ids, paths and logs. */
export type PartyOf = (number: string) => string;

/**
 * `party` is an HMAC of the number: the same for the same number, and of no use without the key, although there
 * are few enough numbers to try them all.
 */
export function createPartyOf(key: Secret): PartyOf {
  return (number) => createHmac("sha256", key.reveal()).update(number).digest("hex").slice(0, 32);
}

/** Twilio writes WhatsApp addresses as `whatsapp:+E164`; everything else is the number itself. */
export function withoutChannelPrefix(address: string): string {
  return address.startsWith("whatsapp:") ? address.slice("whatsapp:".length) : address;
}
