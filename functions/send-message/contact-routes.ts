import { z } from "zod";
import type { Contact } from "#shared/contacts/contact.ts";
import type { Contacts } from "#shared/contacts/contacts.ts";
import type { Clock } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { E164, type PartyOf } from "#shared/core/phone.ts";
import { answer, body } from "#shared/runtime/route-contract.ts";
import type { Admission } from "./admission.ts";
import { type Call, type Outcome, type Route, route } from "./routes.ts";

interface Deps {
  readonly admission: Admission;
  readonly contacts: Contacts;
  readonly partyOf: PartyOf;
  readonly clock: Clock;
}

const Source = z
  .string()
  .regex(/^[a-z][a-z0-9_.-]{0,63}$/, "must name where it was said, such as booking-form")
  .describe("Where the customer said so, such as booking-form or front-desk");
const ContactBody = z.strictObject({ salon_id: SalonId, to: E164, source: Source });
const ConsentBody = ContactBody.extend({ marketing: z.enum(["granted", "revoked"]) });

const ContactView = z.object({
  salon_id: SalonId,
  opted_out_at: z.iso.datetime().nullable().describe("Since when nothing is sent to the customer"),
  marketing: z.enum(["granted", "revoked"]).nullable().describe("Null: the customer was not asked"),
});

/** What a customer told the salon otherwise than by message. */
export function contactRoutes({ admission, contacts, partyOf, clock }: Deps): Route[] {
  const record = async (
    { caller }: Call,
    { salon_id: salonId, to }: z.infer<typeof ContactBody>,
    change: (party: string, at: Date) => Promise<Contact>,
  ): Promise<Outcome<z.input<typeof ContactView>>> => {
    await admission.toSalon(caller, salonId);
    return { answer: viewOf(await change(partyOf(to), clock.now())), log: { salonId } };
  };
  const choice = ({ caller }: Call, { source }: z.infer<typeof ContactBody>, at: Date) =>
    ({ at, by: "salon", channel: null, evidence: `${caller} ${source}` }) as const;

  return [
    route({
      method: "POST",
      path: "/v1/contacts:opt-out",
      operation: "optOut",
      summary: "Send a customer of the salon nothing any more",
      takes: body(ContactBody),
      gives: answer(ContactView),
      work: (call, asked) =>
        record(call, asked, (party, at) => contacts.optOut(asked.salon_id, party, choice(call, asked, at))),
    }),
    route({
      method: "POST",
      path: "/v1/contacts:opt-in",
      operation: "optIn",
      summary: "The customer wants the salon's messages again",
      note: "Twilio keeps a block of its own for a customer who wrote STOP, until the customer writes START.",
      takes: body(ContactBody),
      gives: answer(ContactView),
      work: (call, asked) =>
        record(call, asked, (party, at) => contacts.optIn(asked.salon_id, party, choice(call, asked, at))),
    }),
    route({
      method: "POST",
      path: "/v1/contacts:consent",
      operation: "recordConsent",
      summary: "Whether a customer wants the salon's marketing",
      takes: body(ConsentBody),
      gives: answer(ContactView),
      work: (call, asked) =>
        record(call, asked, (party, at) =>
          contacts.recordConsent(asked.salon_id, party, { state: asked.marketing, at, source: asked.source }),
        ),
    }),
  ];
}

function viewOf({ salon_id, opt_out, consent }: Contact): z.input<typeof ContactView> {
  return {
    salon_id,
    opted_out_at: opt_out?.at.toISOString() ?? null,
    marketing: consent?.marketing.state ?? null,
  };
}
