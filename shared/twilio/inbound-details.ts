import { z } from "zod";

const text = z
  .string()
  .optional()
  .transform((value) => (value === "" ? undefined : value));
const flag = text.transform((value) => (value?.toLowerCase() === "true" ? true : undefined));
const number = text.transform((value) => (value === undefined ? undefined : Number(value)));
const degrees = (most: number) => number.pipe(z.number().min(-most).max(most).optional()).catch(undefined);
const count = number.pipe(z.int().nonnegative().optional()).catch(undefined);
const optOutType = text
  .transform((value) => value?.toUpperCase())
  .pipe(z.enum(["START", "STOP", "HELP"]).optional())
  .catch(undefined);

/**
 * What not every inbound message brings, under the names it is stored by; what is not there has no key. None of it can
 * make a message fail, and no text of it is cut: a form that a customer filled in may be a booking.
 * Source: https://www.twilio.com/docs/messaging/guides/webhook-request
 */
export const inboundDetailsSchema = z
  .object({
    MessagingServiceSid: text,
    MessageType: text,
    OptOutType: optOutType,
    ProfileName: text,
    WaId: text,
    ButtonText: text,
    ButtonPayload: text,
    ButtonType: text,
    Latitude: degrees(90),
    Longitude: degrees(180),
    Address: text,
    Label: text,
    OriginalRepliedMessageSid: text,
    OriginalRepliedMessageSender: text,
    ReferralBody: text,
    ReferralHeadline: text,
    ReferralSourceId: text,
    ReferralSourceType: text,
    ReferralSourceUrl: text,
    ReferralMediaId: text,
    ReferralMediaContentType: text,
    ReferralMediaUrl: text,
    ReferralNumMedia: count,
    ReferralCtwaClid: text,
    Forwarded: flag,
    FrequentlyForwarded: flag,
    InteractiveData: text,
    FlowData: text,
    ChannelMetadata: text,
    FromCity: text,
    FromState: text,
    FromZip: text,
    FromCountry: text,
    ToCity: text,
    ToState: text,
    ToZip: text,
    ToCountry: text,
  })
  .transform((form) => ({
    ...given({
      messaging_service_sid: form.MessagingServiceSid,
      message_type: form.MessageType,
      opt_out_type: form.OptOutType,
      profile_name: form.ProfileName,
      wa_id: form.WaId,
      button: given({ text: form.ButtonText, payload: form.ButtonPayload, type: form.ButtonType }),
      location: given({
        ...degreesOf(form.Latitude, form.Longitude),
        ...{ address: form.Address, label: form.Label },
      }),
      reply_to: given({ sid: form.OriginalRepliedMessageSid, sender: form.OriginalRepliedMessageSender }),
      referral: given({
        body: form.ReferralBody,
        headline: form.ReferralHeadline,
        source_id: form.ReferralSourceId,
        source_type: form.ReferralSourceType,
        source_url: form.ReferralSourceUrl,
        media_id: form.ReferralMediaId,
        media_content_type: form.ReferralMediaContentType,
        media_url: form.ReferralMediaUrl,
        // Twilio counts an advertisement's pictures with every message: 0 means that there was none.
        media_count: form.ReferralNumMedia === 0 ? undefined : form.ReferralNumMedia,
        ctwa_clid: form.ReferralCtwaClid,
      }),
      forwarded: form.Forwarded,
      frequently_forwarded: form.FrequentlyForwarded,
      interactive_data: form.InteractiveData,
      flow_data: form.FlowData,
      channel_metadata: form.ChannelMetadata,
      from_place: given({
        city: form.FromCity,
        state: form.FromState,
        zip: form.FromZip,
        country: form.FromCountry,
      }),
      to_place: given({ city: form.ToCity, state: form.ToState, zip: form.ToZip, country: form.ToCountry }),
    }),
  }));

type Given<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** The fields that are there; undefined when none is. */
function given<Fields extends Record<string, unknown>>(fields: Fields): Given<Fields> | undefined {
  const result: Given<Fields> = {};
  for (const field in fields) {
    const value = fields[field];
    if (isThere(value)) result[field] = value;
  }
  return Object.keys(result).length === 0 ? undefined : result;
}

function isThere<T>(value: T): value is Exclude<T, undefined> {
  return value !== undefined;
}

/** Half a place is none. */
function degreesOf(latitude: number | undefined, longitude: number | undefined) {
  return latitude === undefined || longitude === undefined ? {} : { latitude, longitude };
}
