import { describe, expect, test } from "vitest";
import { ACCEPTED_AT as NOW } from "#scripts/testing/outbound-message.ts";
import { plusSeconds } from "#shared/core/clock.ts";
import { SalonId, sha256Hex } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import { Salon } from "#shared/salons/salon.ts";
import { type CallRequest, requestedCall } from "./call-request.ts";

const booking = { customer_name: "Priya", salon_name: "Anjali", service: "Cut", date: "5 May", time: "4 PM" };
const TEMPLATE = { text: undefined, template: { name: "booking_reminder", variables: booking } };
const DAY = 86_400;
const context = { salon: Salon.parse({ name: "Anjali" }), partyOf: () => "party", now: NOW };
const asked = (changes: Partial<CallRequest> = {}) =>
  requestedCall(
    {
      salonId: SalonId.parse("salon-anjali"),
      idempotencyKey: "booking-4711",
      to: E164.parse("+14155550142"),
      language: "en",
      text: "See you tomorrow.",
      confirm: true,
      ...changes,
    },
    context,
  );

test("a call is made outside quiet hours and within a day, unless told otherwise", () => {
  expect(asked()).toMatchObject({
    state: "accepted",
    timing: "no_quiet_hours",
    answer: "none",
    category: "transactional",
    party: "party",
    expires_at: plusSeconds(NOW, DAY),
  });
});

test("free text may be marketing; a template is what it is", () => {
  expect(asked({ category: "marketing" }).category).toBe("marketing");
  expect(asked({ ...TEMPLATE, category: "marketing" }).category).toBe("transactional");
});

test("the day begins when the salon's hours let it be made", () => {
  const salon = Salon.parse({
    name: "Anjali",
    time_zone: "UTC",
    hours: { sunday: { opens: "10:00", closes: "19:00" } },
  });
  const request = { ...requestOf(), text: "Hello", timing: "business_hours" } as const;
  const monday = new Date("2026-11-23T12:00:00Z");
  expect(requestedCall(request, { ...context, salon, now: monday }).expires_at).toEqual(
    new Date("2026-11-30T10:00:00Z"),
  );
});

test("a template is spoken in the call's language, with its variables", () => {
  const call = asked({ ...TEMPLATE, language: "hi" });
  expect(call.text).toContain("नमस्ते Priya जी");
  expect(call.template).toEqual(TEMPLATE.template);
});

test("a call for later is scheduled", () => {
  const sendAt = plusSeconds(NOW, 600);
  expect(asked({ sendAt })).toMatchObject({ state: "scheduled", send_at: sendAt, due_at: sendAt });
  expect(asked({ sendAt: plusSeconds(NOW, -600) })).toMatchObject({ state: "accepted", send_at: null });
});

test("a thousand characters are spoken, and line breaks may be among them", () => {
  expect(asked({ text: "a".repeat(1_000) }).text).toHaveLength(1_000);
  expect(asked({ text: "One.\nTwo." }).text).toBe("One.\nTwo.");
});

describe("what is refused, with the field's name", () => {
  test.each<[string, Partial<CallRequest>, string]>([
    ["no words", { text: undefined }, "text"],
    ["blank words", { text: " \n " }, "text"],
    ["1,001 characters", { text: "a".repeat(1_001) }, "text"],
    ["a control character", { text: "a\u0007b" }, "text"],
    ["half a character", { text: "a\ud83d" }, "text"],
    ["words and a template", { ...TEMPLATE, text: "Hello" }, "text"],
    ["an unknown template", { text: undefined, template: { name: "none", variables: {} } }, "template.name"],
    [
      "a template without a variable",
      { text: undefined, template: { name: "booking_reminder", variables: {} } },
      "template.variables.customer_name",
    ],
    ["a time too far away", { sendAt: plusSeconds(NOW, 91 * DAY) }, "send_at"],
    ["an end before the beginning", { expiresAt: NOW }, "expires_at"],
    ["an end after a week", { expiresAt: plusSeconds(NOW, 8 * DAY) }, "expires_at"],
  ])("%s", (_, changes, field) => {
    expect(() => asked(changes)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
    try {
      asked(changes);
    } catch (error) {
      expect(error).toMatchObject({ context: { field } });
    }
  });
});

test("the same request an hour later is the same, and another one is another", () => {
  const later = requestedCall(
    { ...requestOf(), text: "See you tomorrow." },
    { ...context, now: plusSeconds(NOW, 3_600) },
  );
  expect(later.payload_hash).toBe(asked().payload_hash);
  expect(asked({ timing: "no_quiet_hours", category: "transactional" }).payload_hash).toBe(
    later.payload_hash,
  );
  expect(asked({ confirm: false }).payload_hash).not.toBe(later.payload_hash);
});

test("the same variables in another order are the same request, and other ones are another", () => {
  const turned = Object.fromEntries(Object.entries(booking).toReversed());
  const { payload_hash } = asked(TEMPLATE);
  const withVariables = (variables: Record<string, string>) =>
    asked({ ...TEMPLATE, template: { name: "booking_reminder", variables } }).payload_hash;
  expect(withVariables(turned)).toBe(payload_hash);
  expect(withVariables({ ...booking, time: "5 PM" })).not.toBe(payload_hash);
});

test("a repeated request stays the same when a template is worded anew", () => {
  expect(asked(TEMPLATE).payload_hash).toBe(
    sha256Hex(
      '{"category":"transactional","confirm":true,"language":"en","template":{"name":"booking_reminder","variables":' +
        '{"customer_name":"Priya","date":"5 May","salon_name":"Anjali","service":"Cut","time":"4 PM"}},' +
        '"timing":"no_quiet_hours","to":"+14155550142"}',
    ),
  );
});

function requestOf(): CallRequest {
  const { salon_id: salonId, idempotency_key: idempotencyKey, to, language, confirm } = asked();
  return { salonId, idempotencyKey, to, language, confirm };
}
