import type { AccountContext } from "twilio/lib/rest/api/v2010/account.js";
import { z } from "zod";
import {
  type AvailableNumber,
  availableNumberSchema,
  type NumberWebhooks,
  type OwnedNumber,
  ownedNumberSchema,
} from "./number-schemas.ts";
import { nothingWhen404, type Request } from "./request.ts";

export interface NumberSearch {
  /** ISO 3166 code of two letters. */
  readonly country: string;
  readonly type: "local" | "mobile" | "tollFree" | "national";
  readonly smsEnabled?: boolean;
  readonly voiceEnabled?: boolean;
  readonly limit: number;
}

export interface NumberPurchase {
  readonly phoneNumber: string;
  readonly friendlyName?: string;
  /** What regulated numbers need; both must belong to the buying account. */
  readonly addressSid?: string;
  readonly bundleSid?: string;
}

/** Our webhooks on a number. Twilio posts to all but the voice fallback, a static page that it fetches with GET. */
export interface OurWebhooks {
  readonly smsUrl: string;
  readonly voiceUrl: string;
  readonly voiceFallbackUrl: string;
  /** About calls only: messages carry their own. */
  readonly statusCallback: string;
}

export interface Numbers {
  /** Numbers for sale; none when the country has no numbers of that type. */
  searchNumbers(search: NumberSearch): Promise<AvailableNumber[]>;
  /** Not idempotent, but a number is sold once: buying it again fails with 21422. */
  buyNumber(purchase: NumberPurchase): Promise<OwnedNumber>;
  /** By number in E.164 or by SID (PN…). */
  findOwnedNumber(phoneNumberOrSid: string): Promise<OwnedNumber | undefined>;
  listOwnedNumbers(limit: number): Promise<OwnedNumber[]>;
  /** Points a number at us. Applications and trunks are cleared, since Twilio lets them win over any address. */
  configureNumber(sid: string, webhooks: OurWebhooks): Promise<OwnedNumber>;
  /** Puts back what a number had before it was ours, as far as it is given. */
  restoreNumber(sid: string, webhooks: Partial<NumberWebhooks>): Promise<OwnedNumber>;
  /** Between accounts of one parent; only the parent's credentials may. A WhatsApp sender stays behind. */
  moveNumber(sid: string, toAccountSid: string): Promise<OwnedNumber>;
}

export function createNumbers(own: AccountContext, request: Request): Numbers {
  const update = (sid: string, changes: Partial<NumberWebhooks> & { accountSid?: string }) =>
    request(ownedNumberSchema, () => own.incomingPhoneNumbers(sid).update(changes));
  return {
    searchNumbers: async ({ country, type, ...filter }) => {
      const ask = () => searchesOf(own, country)[type](filter);
      const found = await nothingWhen404(request(z.array(availableNumberSchema), ask));
      return found ?? [];
    },
    buyNumber: (purchase) =>
      request(ownedNumberSchema, () => own.incomingPhoneNumbers.create({ ...purchase })),
    findOwnedNumber: async (wanted) => {
      if (wanted.startsWith("PN")) {
        return nothingWhen404(request(ownedNumberSchema, () => own.incomingPhoneNumbers(wanted).fetch()));
      }
      // Twilio matches parts of numbers as well.
      const list = () => own.incomingPhoneNumbers.list({ phoneNumber: wanted, limit: 20 });
      return (await request(z.array(ownedNumberSchema), list)).find(
        (number) => number.phoneNumber === wanted,
      );
    },
    listOwnedNumbers: (limit) =>
      request(z.array(ownedNumberSchema), () => own.incomingPhoneNumbers.list({ limit })),
    configureNumber: (sid, webhooks) => update(sid, { ...NO_OVERRIDES, ...METHODS, ...webhooks }),
    restoreNumber: (sid, webhooks) => update(sid, webhooks),
    moveNumber: (sid, toAccountSid) => update(sid, { accountSid: toAccountSid }),
  };
}

function searchesOf(own: AccountContext, country: string) {
  const numbers = own.availablePhoneNumbers(country);
  type Filter = Parameters<typeof numbers.local.list>[0];
  return {
    local: (filter: Filter) => numbers.local.list(filter),
    mobile: (filter: Filter) => numbers.mobile.list(filter),
    tollFree: (filter: Filter) => numbers.tollFree.list(filter),
    national: (filter: Filter) => numbers.national.list(filter),
  };
}

const NO_OVERRIDES = { smsApplicationSid: "", voiceApplicationSid: "", trunkSid: "", smsFallbackUrl: "" };
const METHODS = {
  smsMethod: "POST",
  voiceMethod: "POST",
  voiceFallbackMethod: "GET",
  statusCallbackMethod: "POST",
};
