import { z } from "zod";

const Text = z.string().min(1);

/** What a customer can send beside text and media, mostly by WhatsApp. */
export const RichMessage = z.strictObject({
  /** Presses a button of a template or list. */
  button: z
    .strictObject({
      text: Text,
      payload: Text.optional(),
      type: z.enum(["REPLY", "ACTION"]).default("REPLY"),
    })
    .optional(),
  location: z
    .strictObject({
      latitude: z.number().min(-90).max(90),
      longitude: z.number().min(-180).max(180),
      address: Text.optional(),
      label: Text.optional(),
    })
    .optional(),
  /** Answers one of the messages, by its SID. */
  reply_to: Text.optional(),
  /** Comes from an advertisement that leads to WhatsApp. */
  referral: z
    .strictObject({
      headline: Text,
      body: Text.optional(),
      source_id: Text.optional(),
      source_type: z.enum(["ad", "post"]).default("ad"),
      source_url: z.url().optional(),
      media_url: z.url().optional(),
      media_content_type: Text.optional(),
      ctwa_clid: Text.optional(),
    })
    .optional(),
  forwarded: z.boolean().default(false),
  /** The customer's name on WhatsApp. */
  profile_name: Text.optional(),
});
export type RichMessage = z.infer<typeof RichMessage>;

/** The webhook's parameters for it; `sender`: who wrote the message that it answers. */
export function richParameters(rich: RichMessage, sender: string): Record<string, string> {
  const { button, location, referral } = rich;
  const parameters: Record<string, string | undefined> = {
    ButtonText: button?.text,
    ButtonPayload: button?.payload,
    ButtonType: button?.type,
    Latitude: location?.latitude.toString(),
    Longitude: location?.longitude.toString(),
    Address: location?.address,
    Label: location?.label,
    OriginalRepliedMessageSid: rich.reply_to,
    OriginalRepliedMessageSender: rich.reply_to === undefined ? undefined : sender,
    ReferralHeadline: referral?.headline,
    ReferralBody: referral?.body,
    ReferralSourceId: referral?.source_id,
    ReferralSourceType: referral?.source_type,
    ReferralSourceUrl: referral?.source_url,
    ReferralNumMedia: referral && (referral.media_url === undefined ? "0" : "1"),
    ReferralMediaUrl: referral?.media_url,
    ReferralMediaContentType: referral?.media_content_type,
    ReferralCtwaClid: referral?.ctwa_clid,
    Forwarded: rich.forwarded ? "true" : undefined,
    ProfileName: rich.profile_name,
    MessageType: button !== undefined ? "button" : location !== undefined ? "location" : undefined,
  };
  return Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
