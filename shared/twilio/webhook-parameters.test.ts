import { describe, expect, test } from "vitest";
import {
  callStatusCallbackSchema,
  inboundMessageSchema,
  messageStatusCallbackSchema,
  parseForm,
  voiceWebhookSchema,
} from "./webhook-parameters.ts";

const ACCOUNT = `AC${"0".repeat(32)}`;
const MESSAGE = `SM${"1".repeat(32)}`;
const CALL = `CA${"2".repeat(32)}`;

function form(fields: Record<string, string>) {
  return parseForm(Buffer.from(new URLSearchParams(fields).toString()));
}

describe("parseForm", () => {
  test("decodes what Twilio encodes", () => {
    expect(parseForm(Buffer.from("Body=a+b%2Bc+%F0%9F%92%87&Empty=")).Body).toBe("a b+c 💇");
  });

  test("keeps the first of a repeated name", () => {
    expect(parseForm(Buffer.from("AccountSid=mine&AccountSid=yours")).AccountSid).toBe("mine");
  });

  test("pollutes nothing", () => {
    const parsed = parseForm(Buffer.from("__proto__=x&constructor=y"));
    expect(Object.keys(parsed)).toEqual(["__proto__", "constructor"]);
    expect(Object.prototype).not.toHaveProperty("x");
  });
});

describe("an inbound message", () => {
  const sms = {
    MessageSid: MESSAGE,
    AccountSid: ACCOUNT,
    From: "+14155550100",
    To: "+14155550199",
    Body: "Hi",
  };
  const read = (fields: Record<string, string>) => inboundMessageSchema.parse(form({ ...sms, ...fields }));

  test("is read in our words, whatever else Twilio adds", () => {
    expect(read({ NumMedia: "0", NumSegments: "1", SmsSid: MESSAGE, SomethingNew: "x" })).toMatchObject({
      messageSid: MESSAGE,
      accountSid: ACCOUNT,
      from: "+14155550100",
      to: "+14155550199",
      body: "Hi",
      segments: 1,
      media: [],
    });
  });

  test("brings its media along", () => {
    const media = {
      MessageSid: `MM${"1".repeat(32)}`,
      NumMedia: "2",
      MediaUrl0: "https://api.twilio.com/a",
      MediaContentType0: "image/jpeg",
      MediaUrl1: "https://api.twilio.com/b",
    };
    expect(read(media).media).toEqual([
      { url: "https://api.twilio.com/a", contentType: "image/jpeg" },
      { url: "https://api.twilio.com/b", contentType: "application/octet-stream" },
    ]);
  });

  test("announces at most ten media", () => {
    expect(read({ NumMedia: "999999999", MediaUrl0: "https://api.twilio.com/a" }).media).toHaveLength(1);
  });

  test("without text, as a picture or location is, has an empty body", () => {
    const { Body: _, ...rest } = sms;
    expect(inboundMessageSchema.parse(form(rest)).body).toBe("");
  });

  test.each(["0", "-3", "many", ""])("counts one segment when Twilio says %j", (NumSegments) => {
    expect(read({ NumSegments }).segments).toBe(1);
  });

  test.each([
    ["MessageSid", ""],
    ["MessageSid", "SM1/../../x"],
    ["AccountSid", "AC1"],
    ["From", ""],
    ["To", ""],
  ])("is refused when %s is %j", (name, value) => {
    expect(inboundMessageSchema.safeParse(form({ ...sms, [name]: value })).success).toBe(false);
  });
});

describe("a message's status callback", () => {
  const delivered = { MessageSid: MESSAGE, AccountSid: ACCOUNT, MessageStatus: "delivered" };
  const read = (fields: Record<string, string>) =>
    messageStatusCallbackSchema.parse(form({ ...delivered, ...fields }));

  test("says the state", () => {
    expect(read({})).toMatchObject({ messageSid: MESSAGE, status: "delivered", errorCode: undefined });
  });

  test("says why it failed, as a number", () => {
    expect(read({ MessageStatus: "undelivered", ErrorCode: "30003" }).errorCode).toBe(30_003);
  });

  test("survives a state that Twilio invents tomorrow", () => {
    expect(read({ MessageStatus: "teleported" }).status).toBe("unknown");
  });
});

describe("a call", () => {
  const ringing = {
    CallSid: CALL,
    AccountSid: ACCOUNT,
    CallStatus: "ringing",
    From: "anonymous",
    To: "+14155550199",
  };

  test("asks what to do, with the key that was pressed", () => {
    expect(voiceWebhookSchema.parse(form({ ...ringing, Digits: "1" }))).toMatchObject({
      callSid: CALL,
      status: "ringing",
      from: "anonymous",
      digits: "1",
      dialStatus: undefined,
    });
  });

  test("comes back from a transfer with its outcome", () => {
    const back = { ...ringing, CallStatus: "in-progress", DialCallStatus: "no-answer" };
    expect(voiceWebhookSchema.parse(form(back)).dialStatus).toBe("no-answer");
  });

  test("ends with its duration in seconds", () => {
    const ended = { ...ringing, CallStatus: "completed", CallDuration: "61" };
    expect(callStatusCallbackSchema.parse(form(ended))).toMatchObject({
      status: "completed",
      durationSeconds: 61,
    });
  });
});
