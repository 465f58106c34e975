import { describe, expect, test } from "vitest";
import { type Contact, unknownContact } from "#shared/contacts/contact.ts";
import { afterInbound, afterOptIn, afterOptOut } from "#shared/contacts/decisions.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { MessageId, SalonId } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { Salon } from "#shared/salons/salon.ts";
import { answerTo } from "./inbound-answer.ts";
import { InboundMessage } from "./message.ts";

/** A Sunday, 15:30 in India. */
const NOW = new Date("2026-11-22T10:00:00Z");
const salonId = SalonId.parse("salon-anjali");
const stranger = unknownContact(salonId, "party");
const known = { ...stranger, last_inbound_at: plusSeconds(NOW, -86_400) };
const OPEN_ON_WEEKDAYS = Object.fromEntries(
  ["monday", "tuesday", "wednesday", "thursday", "friday"].map((day) => [
    day,
    { opens: "09:30", closes: "20:00" },
  ]),
);

const salon = (changes: object = {}) => Salon.parse({ name: "Anjali's Salon", ...changes });
const closedNow = (changes: object = {}) => salon({ hours: OPEN_ON_WEEKDAYS, ...changes });

function message(body: string, changes: Partial<InboundMessage> = {}): InboundMessage {
  return {
    direction: "inbound",
    id: MessageId.parse("0".repeat(40)),
    salon_id: salonId,
    twilio_sid: "SM1",
    account: "fingerprint",
    channel: "whatsapp",
    from: "+14155550142",
    to: E164.parse("+14155550100"),
    party: "party",
    body,
    media: [],
    segments: 1,
    details: {},
    language: "en",
    answer: null,
    received_at: NOW,
    ...changes,
  };
}

function answered(
  message: InboundMessage,
  { of = salon(), before = known, choice }: { of?: Salon; before?: Contact; choice?: "stop" | "start" } = {},
) {
  const { channel, received_at: at } = message;
  const seen = afterInbound(before, { channel, at });
  const chosen = { at, by: "keyword", channel, evidence: "SM1" } as const;
  const after = choice === undefined ? seen : (choice === "stop" ? afterOptOut : afterOptIn)(seen, chosen);
  return answerTo({ message, salon: of, before, after, choice });
}

const kindOf = (...given: Parameters<typeof answered>) => answered(...given).answer?.kind ?? null;
const bodyOf = (...given: Parameters<typeof answered>) => answered(...given).answer?.body;

describe("the greeting", () => {
  test.each([
    ["en", "Welcome to Anjali's Salon! How can I help you today?"],
    ["hi", "Anjali's Salon में आपका स्वागत है! बताइए, आज हम आपकी क्या मदद कर सकते हैं?"],
    ["te", "Anjali's Salonకు స్వాగతం! ఈ రోజు మేము మీకు ఎలా సహాయపడగలం?"],
  ] as const)("of a salon that has none of its own is in the customer's language: %s", (language, body) => {
    const { answer } = answered(message("Hi", { language }), { before: stranger });
    expect(answer).toEqual({ kind: "greet", body });
  });

  test("of the salon's own is used as it is, whatever the language", () => {
    const of = salon({ communication: { whatsapp_greeting: "Namaste from {salon_name}" } });
    expect(bodyOf(message("नमस्ते", { language: "hi" }), { of, before: stranger })).toBe(
      "Namaste from Anjali's Salon",
    );
  });

  test("comes again after 30 days of silence, and not before", () => {
    const silent = (days: number) => ({ ...stranger, last_inbound_at: plusSeconds(NOW, -days * 86_400) });
    expect([30, 29].map((days) => kindOf(message("Hi"), { before: silent(days) }))).toEqual(["greet", null]);
  });

  test.each([null, "", "  "])("is silent when the salon's is %j", (whatsapp_greeting) => {
    const of = salon({ communication: { whatsapp_greeting } });
    expect(kindOf(message("Hi"), { of, before: stranger })).toBeNull();
  });

  test("is cut to what one message holds", () => {
    const of = closedNow({ communication: { whatsapp_greeting: "x".repeat(2_000) } });
    expect(bodyOf(message("Hi"), { of, before: stranger })).toHaveLength(1_600);
  });
});

describe("while the salon is closed", () => {
  test.each([
    ["en", "Anjali's Salon is closed right now. We open again on Monday, 23 November at 9:30 am."],
    ["hi", "Anjali's Salon अभी बंद है। हम सोमवार, 23 नवंबर को सुबह 9:30 बजे फिर खुलेंगे।"],
    ["te", "Anjali's Salon ప్రస్తుతం మూసి ఉంది. మేము 23 నవంబర్, సోమవారం ఉదయం 9:30 గంటలకు మళ్లీ తెరుస్తాము."],
  ] as const)("the customer is told when it opens, in %s", (language, body) => {
    expect(answered(message("Hi", { language }), { of: closedNow() }).answer).toEqual({
      kind: "hours",
      body,
    });
  });

  test("it is told by the clock of the salon's own zone", () => {
    const of = closedNow({ time_zone: "America/New_York" });
    expect(bodyOf(message("Hi"), { of })).toContain("on Monday, 23 November at 9:30 am");
    const elsewhere = plusSeconds(NOW, 86_400 + 3_600);
    expect(bodyOf(message("Hi", { received_at: elsewhere }), { of })).toContain("Monday, 23 November");
  });

  test("once per closed period, and again in the next one", () => {
    const of = closedNow();
    const first = answered(message("Hi"), { of });
    expect(first.contact.told_closed_until).toEqual(new Date("2026-11-23T04:00:00Z"));
    const later = (hours: number) => message("Hello?", { received_at: plusSeconds(NOW, hours * 3_600) });
    expect(kindOf(later(3), { of, before: first.contact })).toBeNull();
    expect(kindOf(later(20), { of, before: first.contact })).toBeNull();
    expect(kindOf(later(30), { of, before: first.contact })).toBe("hours");
  });

  test("a first message gets one answer with both, which counts for the closed period", () => {
    const { answer, contact } = answered(message("Hi"), { of: closedNow(), before: stranger });
    expect(answer?.kind).toBe("greet");
    expect(answer?.body).toBe(
      "Welcome to Anjali's Salon! How can I help you today?\n\nAnjali's Salon is closed right now. We open again on Monday, 23 November at 9:30 am.",
    );
    expect(contact.answered_at).toHaveLength(1);
    expect(contact.told_closed_until).not.toBeNull();
  });

  test("nothing is said by WhatsApp where it is not for business hours only, and all the same by SMS", () => {
    const of = closedNow({ communication: { whatsapp_business_hours_only: false } });
    expect(kindOf(message("Hi"), { of })).toBeNull();
    expect(kindOf(message("Hi", { channel: "sms" }), { of })).toBe("hours");
  });

  test("nothing is said of a salon that lists no hours, or is open", () => {
    expect(kindOf(message("Hi"))).toBeNull();
    expect(
      kindOf(message("Hi", { received_at: new Date("2026-11-23T05:00:00Z") }), { of: closedNow() }),
    ).toBeNull();
  });
});

describe("keywords", () => {
  test.each([
    ["HELP", "whatsapp", "en", "This is Anjali's Salon."],
    ["मदद", "sms", "hi", "यह Anjali's Salon है।"],
    ["సహాయం", "whatsapp", "te", "ఇది Anjali's Salon."],
  ] as const)(
    "%j by %s is answered with the salon's name and how to stop",
    (body, channel, language, start) => {
      const said = bodyOf(message(body, { channel, language }));
      expect(said?.startsWith(start)).toBe(true);
      expect(said).toContain("STOP");
    },
  );

  test.each([
    ["HELP by SMS", message("Help", { channel: "sms" })],
    ["START by SMS", message("START", { channel: "sms" })],
    ["what it names itself", message("मदद", { details: { opt_out_type: "HELP" } })],
  ])("what Twilio answers is left to it: %s", (_, given) => {
    expect(kindOf(given, { before: stranger })).toBeNull();
  });

  const optedOut = afterOptOut(known, {
    at: plusSeconds(NOW, -60),
    by: "keyword",
    channel: "whatsapp",
    evidence: "SM0",
  });

  test.each([
    ["START", "whatsapp", "start"],
    ["शुरू करें", "sms", "start"],
    ["START", "sms", null],
  ] as const)("%j by %s from somebody who had opted out is welcomed back: %s", (body, channel, kind) => {
    expect(kindOf(message(body, { channel }), { before: optedOut, choice: "start" })).toBe(kind);
  });

  test("START from somebody new is a first message like any other", () => {
    expect(kindOf(message("START"), { before: stranger, choice: "start" })).toBe("greet");
  });

  test.each(["STOP", "Help", "Hello"])("nothing answers %j of somebody who is opted out", (body) => {
    expect(kindOf(message(body), { before: optedOut, of: closedNow() })).toBeNull();
  });

  test("STOP is not confirmed", () => {
    expect(kindOf(message("STOP"), { choice: "stop" })).toBeNull();
  });

  test.each(["yes", "cancel"])("%j by WhatsApp is an answer like any other", (body) => {
    expect(kindOf(message(body), { of: closedNow() })).toBe("hours");
  });
});

test("a robot that asks for help for ever gets three answers an hour", () => {
  let before: Contact = known;
  const kinds = Array.from({ length: 20 }, (_, index) => {
    const { answer, contact } = answered(message("HELP", { received_at: plusSeconds(NOW, index * 60) }), {
      before,
    });
    before = contact;
    return answer?.kind;
  });
  expect(kinds.filter((kind) => kind === "help")).toHaveLength(3);
});

test("a channel that the salon has switched off answers nothing", () => {
  const of = salon({ communication: { whatsapp_enabled: false } });
  expect(kindOf(message("Hi"), { of, before: stranger })).toBeNull();
});

test("an English answer stays in the letters of which an SMS holds 160", () => {
  const body = bodyOf(message("Hi", { channel: "sms" }), { of: closedNow() });
  expect(body).toMatch(/^[\x20-\x7e]+$/);
});

test("a document from before answers, details and segments reads with their defaults", () => {
  const { segments: _, details: __, language: ___, answer: ____, ...old } = message("Hi");
  expect(InboundMessage.parse({ ...old, greets: true })).toEqual({
    ...old,
    segments: 1,
    details: {},
    language: null,
    answer: null,
  });
});
