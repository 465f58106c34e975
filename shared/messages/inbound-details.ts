import { z } from "zod";

const Place = z.object({
  city: z.string().optional(),
  state: z.string().optional(),
  zip: z.string().optional(),
  country: z.string().optional(),
});

/**
 * What else Twilio tells of a customer's message, each only when it does, and whole: a webhook is small. What a newer
 * version has stored beside is passed over.
 */
export const InboundDetails = z.object({
  /** The name that the customer goes by on WhatsApp. */
  profile_name: z.string().optional(),
  /** The customer's WhatsApp id, digits alone: mostly a phone number, and not always the one in `from`. */
  wa_id: z.string().optional(),
  messaging_service_sid: z.string().optional(),
  /** Such as `text`, `image`, `button`, `interactive` or `location`. */
  message_type: z.string().optional(),
  /** What Twilio took the text for: it has answered the customer itself. */
  opt_out_type: z.enum(["START", "STOP", "HELP"]).optional(),
  /** The button that was pressed, of a template or list of ours. */
  button: z
    .object({
      text: z.string().optional(),
      payload: z.string().optional(),
      /** `REPLY` or `ACTION`. */
      type: z.string().optional(),
    })
    .optional(),
  /** Where the customer is, or wants us to look: both degrees or neither. */
  location: z
    .object({
      latitude: z.number().optional(),
      longitude: z.number().optional(),
      address: z.string().optional(),
      label: z.string().optional(),
    })
    .optional(),
  /** The message that this one answers, by its Twilio SID, and who wrote that one. */
  reply_to: z.object({ sid: z.string().optional(), sender: z.string().optional() }).optional(),
  /** The advertisement that the customer came from. */
  referral: z
    .object({
      body: z.string().optional(),
      headline: z.string().optional(),
      source_id: z.string().optional(),
      source_type: z.string().optional(),
      source_url: z.string().optional(),
      media_id: z.string().optional(),
      media_content_type: z.string().optional(),
      media_url: z.string().optional(),
      media_count: z.int().optional(),
      ctwa_clid: z.string().optional(),
    })
    .optional(),
  forwarded: z.boolean().optional(),
  frequently_forwarded: z.boolean().optional(),
  /** JSON as Twilio wrote it, read by nobody here. */
  interactive_data: z.string().optional(),
  flow_data: z.string().optional(),
  channel_metadata: z.string().optional(),
  /** Where the numbers are at home, as far as Twilio knows. */
  from_place: Place.optional(),
  to_place: Place.optional(),
});
export type InboundDetails = z.infer<typeof InboundDetails>;
