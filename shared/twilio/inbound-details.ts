import { z } from "zod";

/** JSON that is longer is left out: half of it would be none. */
const MAX_JSON = 16_384;

const text = z
  .string()
  .optional()
  .transform((value) => (value === "" ? undefined : value));
/** By whole characters, so that no half of an emoji is left. */
const upTo = (characters: number) =>
  text.transform((value) => (value === undefined ? undefined : [...value].slice(0, characters).join("")));
const name = upTo(256);
const words = upTo(1_600);
const address = upTo(2_048);
const json = text.transform((value) => (value !== undefined && value.length > MAX_JSON ? undefined : value));
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
 * make a message fail.
 * Source: https://www.twilio.com/docs/messaging/guides/webhook-request
 */
export const inboundDetailsSchema = z
  .object({
    MessagingServiceSid: name,
    MessageType: name,
    OptOutType: optOutType,
    ProfileName: name,
    WaId: name,
    ButtonText: words,
    ButtonPayload: words,
    ButtonType: name,
    Latitude: degrees(90),
    Longitude: degrees(180),
    Address: words,
    Label: words,
    OriginalRepliedMessageSid: name,
    OriginalRepliedMessageSender: name,
    ReferralBody: words,
    ReferralHeadline: words,
    ReferralSourceId: name,
    ReferralSourceType: name,
    ReferralSourceUrl: address,
    ReferralMediaId: name,
    ReferralMediaContentType: name,
    ReferralMediaUrl: address,
    ReferralNumMedia: count,
    ReferralCtwaClid: address,
    Forwarded: flag,
    FrequentlyForwarded: flag,
    InteractiveData: json,
    FlowData: json,
    ChannelMetadata: json,
    FromCity: name,
    FromState: name,
    FromZip: name,
    FromCountry: name,
    ToCity: name,
    ToState: name,
    ToZip: name,
    ToCountry: name,
  })
  .transform((form) => ({
    ...given({
      messaging_service_sid: form.MessagingServiceSid,
      message_type: form.MessageType,
      opt_out_type: form.OptOutType,
      profile_name: form.ProfileName,
      wa_id: form.WaId,
      button: given({ text: form.ButtonText, payload: form.ButtonPayload, type: form.ButtonType }),
      location: locationOf(form.Latitude, form.Longitude, form.Address, form.Label),
      reply_to: replyTo(form.OriginalRepliedMessageSid, form.OriginalRepliedMessageSender),
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

function locationOf(
  latitude: number | undefined,
  longitude: number | undefined,
  address: string | undefined,
  label: string | undefined,
) {
  if (latitude === undefined || longitude === undefined) return undefined;
  return { latitude, longitude, ...given({ address, label }) };
}

function replyTo(sid: string | undefined, sender: string | undefined) {
  return sid === undefined ? undefined : { sid, ...given({ sender }) };
}
