import { expect, test } from "vitest";
import { SalonId } from "#shared/core/ids.ts";
import { Contact, unknownContact } from "./contact.ts";

const AT = new Date("2026-11-02T04:30:00Z");

test("a document from before opt-outs were kept is read as that of somebody who has chosen nothing", () => {
  const old = {
    salon_id: "salon-anjali",
    party: "party",
    first_inbound_at: AT,
    last_inbound_at: { toDate: () => AT },
    last_channel: "sms",
  };
  expect(Contact.parse(old)).toEqual({
    ...old,
    last_inbound_at: AT,
    last_whatsapp_inbound_at: null,
    language: null,
    opt_out: null,
    opt_in: null,
    choice_at: null,
    answered_at: [],
    told_closed_until: null,
    consent: null,
    updated_at: null,
  });
});

test("nothing is known of a stranger but the name", () => {
  const { salon_id, party, answered_at, ...rest } = unknownContact(SalonId.parse("salon-anjali"), "party");
  expect([salon_id, party, answered_at]).toEqual(["salon-anjali", "party", []]);
  expect(new Set(Object.values(rest))).toEqual(new Set([null]));
});
