import { z } from "zod";
import { SalonId } from "#shared/core/ids.ts";
import { Instant } from "#shared/core/instant.ts";
import { Language } from "#shared/salons/communication-settings.ts";

/** By what a customer writes and is written to. An opt-out holds for the salon on all of them. */
export const ContactChannel = z.enum(["sms", "whatsapp"]);
export type ContactChannel = z.infer<typeof ContactChannel>;

/** What a customer wanted, and how we know. */
export const Choice = z.object({
  /** When the customer said so, not when we heard of it. */
  at: Instant,
  /** `keyword` = the customer wrote STOP or START; `twilio` = Twilio refused to send; `salon` = somebody there was told. */
  by: z.enum(["keyword", "twilio", "salon"]),
  /** Null when it was said otherwise than by message. */
  channel: ContactChannel.nullable(),
  /** A message's Twilio SID, Twilio's error code, or which service recorded it and where it was said. */
  evidence: z.string().min(1),
});
export type Choice = z.infer<typeof Choice>;

export const Consent = z.object({
  state: z.enum(["granted", "revoked"]),
  at: Instant,
  /** Which service recorded it and where it was given, such as `booking-form`. */
  source: z.string().min(1),
});
export type Consent = z.infer<typeof Consent>;

/** `contacts/{salonId}_{party}`: what a salon knows of a customer's number. Documents may lack what came later. */
export const Contact = z.object({
  salon_id: SalonId,
  party: z.string(),
  first_inbound_at: Instant.nullable().default(null),
  last_inbound_at: Instant.nullable().default(null),
  /** Opens WhatsApp's window of 24 hours, in which a free text may be sent. */
  last_whatsapp_inbound_at: Instant.nullable().default(null),
  last_channel: ContactChannel.nullable().default(null),
  /** The language to write in, as the script of their last text told it; null = the salon's default. */
  language: Language.nullable().default(null),
  /** Nothing may be sent while this is set. It keeps the customer's first STOP, else what came first. */
  opt_out: Choice.nullable().default(null),
  /** The START that came last; null while opted out. */
  opt_in: Choice.nullable().default(null),
  /** When the customer last chose, even if it changed nothing: what is older and comes late undoes nothing. */
  choice_at: Instant.nullable().default(null),
  /** The automatic answers of the last day, oldest first. */
  answered_at: z.array(Instant).default([]),
  /** They have been told that the salon is closed until then, so not again before. */
  told_closed_until: Instant.nullable().default(null),
  consent: z.object({ marketing: Consent }).nullable().default(null),
  /** The newest thing that is taken into account here. */
  updated_at: Instant.nullable().default(null),
});
export type Contact = z.infer<typeof Contact>;

/** A customer of whom nothing is known yet. */
export function unknownContact(salonId: SalonId, party: string): Contact {
  return Contact.parse({ salon_id: salonId, party });
}
