import { expect, test } from "vitest";
import { inboundDetailsSchema } from "./inbound-details.ts";

const read = (fields: Record<string, string>) => inboundDetailsSchema.parse(fields);

test("reads every parameter that Twilio documents, and nothing it invents tomorrow", () => {
  expect(
    read({
      MessageSid: "SM1",
      MessagingServiceSid: "MG1",
      MessageType: "button",
      OptOutType: "stop",
      ProfileName: "Meera 💇🏽‍♀️",
      WaId: "919876543210",
      ButtonText: "Confirm",
      ButtonPayload: "confirm:42",
      ButtonType: "REPLY",
      Latitude: "17.385",
      Longitude: "-78.4867",
      Address: "12 Main Road",
      Label: "Home",
      OriginalRepliedMessageSid: "SM2",
      OriginalRepliedMessageSender: "whatsapp:+14155550100",
      ReferralBody: "20% off",
      ReferralHeadline: "Bridal",
      ReferralSourceId: "ad-1",
      ReferralSourceType: "ad",
      ReferralSourceUrl: "https://fb.me/1",
      ReferralMediaId: "m-1",
      ReferralMediaContentType: "image/jpeg",
      ReferralMediaUrl: "https://example.com/a.jpg",
      ReferralNumMedia: "1",
      ReferralCtwaClid: "click-1",
      Forwarded: "true",
      FrequentlyForwarded: "TRUE",
      InteractiveData: '{"a":1}',
      FlowData: "not even JSON",
      ChannelMetadata: '{"type":"whatsapp"}',
      FromCity: "HYDERABAD",
      FromCountry: "IN",
      ToState: "CA",
      ToZip: "94107",
      Tomorrow: "x",
      constructor: "y",
    }),
  ).toEqual({
    messaging_service_sid: "MG1",
    message_type: "button",
    opt_out_type: "STOP",
    profile_name: "Meera 💇🏽‍♀️",
    wa_id: "919876543210",
    button: { text: "Confirm", payload: "confirm:42", type: "REPLY" },
    location: { latitude: 17.385, longitude: -78.4867, address: "12 Main Road", label: "Home" },
    reply_to: { sid: "SM2", sender: "whatsapp:+14155550100" },
    referral: {
      body: "20% off",
      headline: "Bridal",
      source_id: "ad-1",
      source_type: "ad",
      source_url: "https://fb.me/1",
      media_id: "m-1",
      media_content_type: "image/jpeg",
      media_url: "https://example.com/a.jpg",
      media_count: 1,
      ctwa_clid: "click-1",
    },
    forwarded: true,
    frequently_forwarded: true,
    interactive_data: '{"a":1}',
    flow_data: "not even JSON",
    channel_metadata: '{"type":"whatsapp"}',
    from_place: { city: "HYDERABAD", country: "IN" },
    to_place: { state: "CA", zip: "94107" },
  });
});

test.each([
  ["nothing", {}],
  [
    "empty values",
    { ProfileName: "", ButtonText: "", Latitude: "", ReferralBody: "", FromCity: "", Forwarded: "" },
  ],
  ["half a place", { Latitude: "17.385" }],
  ["a place that is none", { Latitude: "91", Longitude: "NaN" }],
  ["a type that is none", { OptOutType: "maybe", ReferralNumMedia: "many" }],
  ["what is not forwarded", { Forwarded: "false" }],
  ["an advertisement without anything", { ReferralNumMedia: "0" }],
])("says nothing of %s, and fails of none", (_, fields) => {
  expect(read(fields)).toEqual({});
});

test("keeps an address without its degrees, and a sender without the message's SID", () => {
  expect(read({ Latitude: "91", Longitude: "78", Address: "12 Main Road", Label: "Home" })).toEqual({
    location: { address: "12 Main Road", label: "Home" },
  });
  expect(read({ OriginalRepliedMessageSender: "whatsapp:+14155550100" })).toEqual({
    reply_to: { sender: "whatsapp:+14155550100" },
  });
});

test("keeps whole whatever fits into a webhook: a form that was filled in may be a booking", () => {
  const long = "x".repeat(60_000);
  expect(read({ FlowData: long, InteractiveData: long, ChannelMetadata: long, ButtonPayload: long })).toEqual(
    {
      flow_data: long,
      interactive_data: long,
      channel_metadata: long,
      button: { payload: long },
    },
  );
});
