import { z } from "zod";
import { json } from "../http/reply.ts";
import { presentNumber } from "../twilio-api/incoming-numbers.ts";
import { countryOf, isE164 } from "../world/e164.ts";
import { SANDBOX_ADDRESS } from "../world/whatsapp-sender.ts";
import type { World } from "../world/world.ts";
import { accountFor } from "./accounts.ts";
import { AdminError, type AdminHandler, readBody } from "./admin-request.ts";

const E164 = z.string().refine(isE164, "must be a phone number in E.164 format, for example +14155550123");
const NewNumber = z.strictObject({
  account_sid: z.string(),
  phone_number: E164,
  iso_country: z.string().length(2).toUpperCase().optional(),
  capabilities: z
    .strictObject({
      voice: z.boolean().default(true),
      sms: z.boolean().default(true),
      mms: z.boolean().default(true),
      fax: z.boolean().default(false),
    })
    .prefault({}),
});
const NewSender = z.strictObject({
  account_sid: z.string(),
  /** Left out, the sandbox that all accounts share. */
  phone_number: E164.optional(),
  status: z.enum(["CREATING", "ONLINE", "OFFLINE"]).default("ONLINE"),
  callback_url: z.url().nullable().default(null),
  fallback_url: z.url().nullable().default(null),
  status_callback_url: z.url().nullable().default(null),
});

/** Numbers and WhatsApp senders that an account simply has, without the shop and without Meta's approval. */
export function createNumberAdmin(
  world: World,
): Record<"create" | "list" | "createSender" | "listSenders", AdminHandler> {
  const { numbers, whatsAppSenders } = world;
  return {
    create(request) {
      const wanted = readBody(NewNumber, request);
      const account = accountFor(world, wanted.account_sid);
      if (numbers.find(wanted.phone_number) !== undefined) {
        throw new AdminError("phone_number", "phone_number: somebody owns this number already", 409);
      }
      const number = numbers.add({
        accountSid: account.sid,
        phoneNumber: wanted.phone_number,
        isoCountry: wanted.iso_country ?? countryOf(wanted.phone_number),
        type: "local",
        capabilities: wanted.capabilities,
        settings: {},
      });
      return json(201, { ...presentNumber(number), iso_country: number.isoCountry });
    },
    list: () =>
      json(200, {
        numbers: numbers
          .all()
          .map((number) => ({ ...presentNumber(number), iso_country: number.isoCountry })),
      }),
    createSender(request) {
      const wanted = readBody(NewSender, request);
      const account = accountFor(world, wanted.account_sid);
      const address = wanted.phone_number === undefined ? SANDBOX_ADDRESS : `whatsapp:${wanted.phone_number}`;
      const existing = whatsAppSenders.at(address, account.sid);
      if (
        existing === undefined &&
        address !== SANDBOX_ADDRESS &&
        whatsAppSenders.at(address) !== undefined
      ) {
        throw new AdminError(
          "phone_number",
          "phone_number: another account sends WhatsApp from this number",
          409,
        );
      }
      if (existing !== undefined) whatsAppSenders.remove(existing);
      const sender = whatsAppSenders.add({
        accountSid: account.sid,
        address,
        status: wanted.status,
        configuration: {},
        profile: {},
        webhook: {
          callbackUrl: wanted.callback_url,
          callbackMethod: "POST",
          fallbackUrl: wanted.fallback_url,
          fallbackMethod: "POST",
          statusCallbackUrl: wanted.status_callback_url,
          statusCallbackMethod: "POST",
        },
      });
      return json(201, { sid: sender.sid, account_sid: account.sid, address, ...sender.webhook });
    },
    listSenders: () =>
      json(200, {
        senders: whatsAppSenders.all().map(({ sid, accountSid, address, status, webhook }) => ({
          sid,
          account_sid: accountSid,
          address,
          status,
          ...webhook,
        })),
      }),
  };
}
