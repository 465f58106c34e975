import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { expect, test } from "vitest";
import { inboundEvent, MessageEvent, messageEvent } from "#shared/messages/events.ts";
import { InboundMessage } from "#shared/messages/message.ts";
import { EVENT_SCHEMAS } from "./event-schemas.ts";
import { attempt, outboundMessage } from "./testing/outbound-message.ts";

test.each(Object.entries(EVENT_SCHEMAS))("docs/events/%s is what the code publishes", (name, text) => {
  const documented = readFileSync(new URL(`../docs/events/${name}`, import.meta.url), "utf8");
  expect(documented, "run `npm run event-schemas`").toBe(text);
});

test("a real event is valid by its schema, and so is one with a field that is yet to come", () => {
  const ajv = new Ajv2020();
  addFormats.default(ajv);
  const validate = ajv.compile(JSON.parse(EVENT_SCHEMAS["message-events.v1.json"]));
  const event = messageEvent(outboundMessage({ attempts: [attempt()] }), "event-1");
  expect(validate(event), JSON.stringify(validate.errors)).toBe(true);
  expect(validate({ ...event, later: 1 })).toBe(true);
  expect(validate({ ...event, state: "lost" })).toBe(false);
});

test("an event that we publish has no other field than its schema names", () => {
  const event = messageEvent(outboundMessage({ attempts: [attempt()] }), "event-1");
  expect(MessageEvent.safeParse(event).success).toBe(true);
  expect(MessageEvent.safeParse({ ...event, to: "+14155550142" }).success).toBe(false);
});

test("a customer's message is valid by its schema with all that Twilio tells, and with none of it", () => {
  const ajv = new Ajv2020();
  addFormats.default(ajv);
  const validate = ajv.compile(JSON.parse(EVENT_SCHEMAS["inbound-messages.v1.json"]));
  const message = {
    direction: "inbound",
    id: "0".repeat(40),
    salon_id: "salon-anjali",
    twilio_sid: "SM1",
    account: "fingerprint",
    channel: "whatsapp",
    from: "+14155550142",
    to: "+14155550100",
    party: "party",
    body: "Hi",
    media: [{ url: "https://api.twilio.com/a", content_type: "image/png" }],
    received_at: new Date("2026-11-22T10:00:00Z"),
  };
  const details = { button: { text: "Yes" }, location: { latitude: 1, longitude: 2 }, profile_name: "Meera" };
  const told = inboundEvent(InboundMessage.parse({ ...message, language: "hi", segments: 2, details }));
  for (const event of [told, inboundEvent(InboundMessage.parse(message))])
    expect(validate(event), JSON.stringify(validate.errors)).toBe(true);
  expect(told).toMatchObject({ ...details, language: "hi", segments: 2 });
  expect(told).not.toHaveProperty("party");
});
