import { expect, test } from "vitest";
import { ACCEPTED_AT, outboundMessage } from "#scripts/testing/outbound-message.ts";
import { E164 } from "#shared/core/phone.ts";
import type { Message } from "#shared/twilio/messages.ts";
import { messageParameters, ownWords, reportOf } from "./twilio-message.ts";

const SENDER = E164.parse("+14155550100");
const CALLBACK = "https://hooks.example.com/webhooks/twilio/status/salon-anjali/id/1";
const parameters = (secondsLater: number, channel: "sms" | "whatsapp" = "sms") => {
  const now = new Date(ACCEPTED_AT.getTime() + secondsLater * 1_000);
  const { to, expires_at: expiresAt, ...message } = outboundMessage();
  const content = ownWords(message);
  return messageParameters(
    { channel, to, sender: SENDER, content, statusCallback: CALLBACK, expiresAt },
    now,
  );
};

test("an SMS goes from number to number", () => {
  expect(parameters(0)).toEqual({
    to: "+14155550142",
    from: "+14155550100",
    body: "See you tomorrow at 10.",
    statusCallback: CALLBACK,
    validityPeriodSeconds: 36_000,
  });
});

test("a WhatsApp message has the prefix on both sides", () => {
  expect(parameters(0, "whatsapp")).toMatchObject({
    to: "whatsapp:+14155550142",
    from: "whatsapp:+14155550100",
  });
});

test.each([
  [0, 36_000],
  [50_400, 36_000],
  [50_401, 35_999],
  [86_399.5, 1],
  [90_000, 1],
])("%d seconds after its acceptance Twilio may keep a message for %d", (later, seconds) => {
  expect(parameters(later).validityPeriodSeconds).toBe(seconds);
});

test.each([
  ["queued", "queued"],
  ["accepted", "queued"],
  ["delivered", "delivered"],
  ["unknown", "queued"],
] as const)("Twilio's %s is reported as %s, for it has the message", (status, state) => {
  const message: Message = {
    sid: "SM1",
    accountSid: "AC1",
    to: "+14155550142",
    from: SENDER,
    body: "",
    status,
    direction: "outbound",
    segments: 2,
    mediaCount: 0,
    errorCode: undefined,
    price: undefined,
    createdAt: ACCEPTED_AT,
    sentAt: undefined,
  };
  expect(reportOf(message)).toEqual({ sid: "SM1", state, segments: 2 });
  expect(reportOf({ ...message, errorCode: 30007 }).errorCode).toBe(30007);
});
