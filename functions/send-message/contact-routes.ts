import { z } from "zod";
import type { Contact } from "#shared/contacts/contact.ts";
import type { Contacts } from "#shared/contacts/contacts.ts";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { SalonId } from "#shared/core/ids.ts";
import { E164, type PartyOf } from "#shared/core/phone.ts";
import { invalid } from "#shared/runtime/json-body.ts";
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
const ContactBody = z.strictObject({
  salon_id: SalonId,
  to: E164,
  source: Source,
  at: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional()
    .describe("When the customer said so, within the last 5 years; now, if left out"),
});
const ConsentBody = ContactBody.extend({ marketing: z.enum(["granted", "revoked"]) });

const ContactView = z.object({
  salon_id: SalonId,
  opted_out_at: z.iso.datetime().nullable().describe("Since when nothing is sent to the customer"),
  marketing: z.enum(["granted", "revoked"]).nullable().describe("Null: the customer was not asked"),
});

/** What is older is a slip, such as a time of 1970. */
const MAX_PAST_SECONDS = 5 * 366 * 86_400;
const LATE = "What is older than what is known already is kept, and changes nothing.";

/** What a customer told the salon otherwise than by message. */
export function contactRoutes({ admission, contacts, partyOf, clock }: Deps): Route[] {
  const record = async (
    { caller }: Call,
    { salon_id: salonId, to, source, at }: z.infer<typeof ContactBody>,
    change: (party: string, said: { readonly at: Date; readonly evidence: string }) => Promise<Contact>,
  ): Promise<Outcome<z.input<typeof ContactView>>> => {
    const said = { at: timeOf(at), evidence: `${caller} ${source}` };
    await admission.toSalon(caller, salonId);
    return { answer: viewOf(await change(partyOf(to), said)), log: { salonId } };
  };
  const timeOf = (at: Date | undefined): Date => {
    const now = clock.now();
    if (at === undefined) return now;
    if (at <= now && at >= plusSeconds(now, -MAX_PAST_SECONDS)) return at;
    throw invalid("at", "at must be within the last 5 years and not in the future; left out, it is now.");
  };
  const choice = { by: "salon", channel: null } as const;

  return [
    route({
      method: "POST",
      path: "/v1/contacts:opt-out",
      operation: "optOut",
      summary: "Send a customer of the salon nothing any more",
      note: LATE,
      takes: body(ContactBody),
      gives: answer(ContactView),
      work: (call, asked) =>
        record(call, asked, (party, said) => contacts.optOut(asked.salon_id, party, { ...choice, ...said })),
    }),
    route({
      method: "POST",
      path: "/v1/contacts:opt-in",
      operation: "optIn",
      summary: "The customer wants the salon's messages again",
      note: `A customer who wrote STOP comes back by writing START alone, at Twilio as here: 409, customer_wrote_stop. ${LATE}`,
      takes: body(ContactBody),
      gives: answer(ContactView),
      work: (call, asked) =>
        record(call, asked, (party, said) => contacts.optIn(asked.salon_id, party, { ...choice, ...said })),
    }),
    route({
      method: "POST",
      path: "/v1/contacts:consent",
      operation: "recordConsent",
      summary: "Whether a customer wants the salon's marketing",
      note: LATE,
      takes: body(ConsentBody),
      gives: answer(ContactView),
      work: (call, asked) =>
        record(call, asked, (party, { at, evidence: source }) =>
          contacts.recordConsent(asked.salon_id, party, { state: asked.marketing, at, source }),
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
