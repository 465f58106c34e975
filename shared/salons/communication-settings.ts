import { z } from "zod";

export const Channel = z.enum(["sms", "whatsapp", "voice"]);
export type Channel = z.infer<typeof Channel>;

export const Language = z.enum(["en", "hi", "te"]);
export type Language = z.infer<typeof Language>;

/** A time by the clock in the salon's zone, 00:00 to 23:59. */
export const TimeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be HH:MM");

/** How a salon talks to its customers (spec §3.2, and quiet hours); part of `salons/{salonId}`. */
export const CommunicationSettings = z.object({
  primary_channel: Channel.default("whatsapp"),
  fallback_channel: Channel.default("sms"),
  whatsapp_enabled: z.boolean().default(true),
  whatsapp_greeting: z.string().nullable().default("Welcome to {salon_name}! How can I help you today?"),
  whatsapp_business_hours_only: z.boolean().default(true),
  voice_enabled: z.boolean().default(true),
  voice_greeting: z
    .string()
    .nullable()
    .default("Thank you for calling {salon_name}. Press 1 to book, 2 for hours."),
  voice_transfer_number: z.string().nullable().default(null),
  voice_business_hours_only: z.boolean().default(true),
  sms_enabled: z.boolean().default(true),
  sms_sender_id: z.string().nullable().default(null),
  default_language: Language.default("en"),
  supported_languages: z.array(Language).default(["en", "hi", "te"]),
  /** Where customers book by themselves; what is no https address counts as none. */
  booking_url: z
    .url({ protocol: /^https$/ })
    .max(500)
    .nullable()
    .default(null)
    .catch(null),
  /** When what can wait is not sent, also past midnight; null, or from a time to itself = never. */
  quiet_hours: z
    .object({ from: TimeOfDay, until: TimeOfDay })
    .nullable()
    .default({ from: "21:00", until: "09:00" }),
});
export type CommunicationSettings = z.infer<typeof CommunicationSettings>;

/** Puts the salon's name into one of its own texts. */
export function withSalonName(text: string, salonName: string): string {
  // A function, because in a replacement text `$&` has a meaning of its own.
  return text.replaceAll("{salon_name}", () => salonName);
}
