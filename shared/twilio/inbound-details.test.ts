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
  ["a place that is none", { Latitude: "91", Longitude: "NaN", Address: "here" }],
  ["a type that is none", { OptOutType: "maybe", ReferralNumMedia: "many" }],
  ["what is not forwarded", { Forwarded: "false" }],
  ["an advertisement without anything", { ReferralNumMedia: "0" }],
])("says nothing of %s, and fails of none", (_, fields) => {
  expect(read(fields)).toEqual({});
});

test("cuts what is too long by whole characters, and leaves out JSON that is", () => {
  const { profile_name, button, interactive_data, flow_data } = read({
    ProfileName: "💇".repeat(300),
    ButtonText: "x".repeat(5_000),
    InteractiveData: "1".repeat(16_385),
    FlowData: "1".repeat(16_384),
  });
  expect(profile_name).toBe("💇".repeat(256));
  expect(button?.text).toHaveLength(1_600);
  expect([interactive_data, flow_data?.length]).toEqual([undefined, 16_384]);
});
