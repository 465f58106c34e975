import { json, noContent } from "../http/reply.ts";
import { isSubaccount } from "../world/account.ts";
import { isE164 } from "../world/e164.ts";
import { inStock, type StockNumber, stockOf } from "../world/inventory.ts";
import type { OwnedNumber } from "../world/phone-number.ts";
import { NUMBER_MONTH } from "../world/prices.ts";
import type { World } from "../world/world.ts";
import { type ApiHandler, type ApiRequest, given, pathParameter } from "./api-request.ts";
import { rfc2822 } from "./dates.ts";
import { TwilioError } from "./error.ts";
import { readNumberSettings } from "./number-settings.ts";
import { pageOf } from "./paging.ts";
import { requireActive } from "./require-active.ts";

type Operations = Record<"create" | "list" | "fetch" | "update" | "remove", ApiHandler>;

export function createIncomingNumberResource(world: World): Operations {
  const { accounts, numbers } = world;

  function found(request: ApiRequest): OwnedNumber {
    const sid = pathParameter(request, "Sid");
    const number = numbers.ofAccount(request.account.sid).find((each) => each.sid === sid);
    if (number === undefined)
      throw new TwilioError(20404, `The requested resource ${request.path} was not found`);
    return number;
  }

  function wantedStock(form: URLSearchParams): StockNumber {
    const phoneNumber = given(form, "PhoneNumber");
    const areaCode = given(form, "AreaCode");
    if (phoneNumber === undefined && areaCode === undefined) throw new TwilioError(21450);
    if (phoneNumber === undefined) {
      for (const number of stockOf("US", "Local") ?? []) {
        const fits = number.phoneNumber.startsWith(`+1${areaCode}`);
        if (fits && numbers.find(number.phoneNumber) === undefined) return number;
      }
      throw new TwilioError(21452);
    }
    if (!isE164(phoneNumber)) throw new TwilioError(21421, `${phoneNumber} is not a valid phone number`);
    const stock = inStock(phoneNumber);
    if (stock === undefined || numbers.find(phoneNumber) !== undefined) {
      throw new TwilioError(21422, `${phoneNumber} is not available`);
    }
    return stock;
  }

  /** Only a main account's credentials may move a number, and only within its own family. */
  function move(request: ApiRequest, number: OwnedNumber, targetSid: string) {
    const target = accounts.find(targetSid);
    if (isSubaccount(request.caller)) throw new TwilioError(20003);
    if (target === undefined || target.ownerSid !== request.caller.sid) {
      throw new TwilioError(
        20001,
        `AccountSid ${targetSid} is neither this account nor one of its subaccounts`,
      );
    }
    requireActive(world, target);
    number.accountSid = target.sid;
  }

  return {
    create({ account, form }) {
      requireActive(world, account);
      if (account.type === "Trial") throw new TwilioError(21404);
      const { phoneNumber, isoCountry, type, capabilities } = wantedStock(form);
      const settings = readNumberSettings(form);
      const number = numbers.add({
        accountSid: account.sid,
        phoneNumber,
        isoCountry,
        type,
        capabilities,
        settings,
      });
      world.usage.record({ ...numberUsage(number), at: number.dateCreated });
      return json(201, presentNumber(number));
    },
    list(request) {
      const { query, account } = request;
      const phoneNumber = given(query, "PhoneNumber");
      const pattern = phoneNumber === undefined ? undefined : partOf(phoneNumber);
      const name = given(query, "FriendlyName");
      return pageOf(request, {
        key: "incoming_phone_numbers",
        items: numbers
          .ofAccount(account.sid)
          .filter(
            (number) =>
              (pattern?.test(number.phoneNumber) ?? true) &&
              (name === undefined || number.friendlyName === name),
          ),
        tokenOf: ({ sid }) => sid,
        present: presentNumber,
      });
    },
    fetch: (request) => json(200, presentNumber(found(request))),
    update(request) {
      requireActive(world, request.account);
      const number = found(request);
      const settings = readNumberSettings(request.form);
      const target = given(request.form, "AccountSid");
      if (target !== undefined) move(request, number, target);
      Object.assign(number, settings, { dateUpdated: new Date() });
      return json(200, presentNumber(number));
    },
    remove(request) {
      numbers.remove(found(request));
      return noContent;
    },
  };
}

/** A number is billed for its first month when it is bought. */
function numberUsage({ accountSid, type }: OwnedNumber) {
  const kinds = {
    local: "phonenumbers-local",
    mobile: "phonenumbers-mobile",
    "toll-free": "phonenumbers-tollfree",
  } as const;
  return { accountSid, kind: kinds[type], count: 1, usage: 1, price: NUMBER_MONTH };
}

/** Twilio looks for the text anywhere in the number; `*` stands for any digit. */
function partOf(text: string): RegExp {
  const source = text
    .replace(/[^\d+*]/g, "")
    .replace(/\+/g, "\\+")
    .replace(/\*/g, "\\d");
  return new RegExp(source);
}

export function presentNumber(number: OwnedNumber) {
  return {
    account_sid: number.accountSid,
    address_sid: number.addressSid,
    address_requirements: "none",
    api_version: "2010-04-01",
    beta: false,
    capabilities: { ...number.capabilities },
    date_created: rfc2822(number.dateCreated),
    date_updated: rfc2822(number.dateUpdated),
    friendly_name: number.friendlyName,
    identity_sid: number.identitySid,
    phone_number: number.phoneNumber,
    origin: "twilio",
    sid: number.sid,
    sms_application_sid: number.smsApplicationSid,
    sms_fallback_method: number.smsFallbackMethod,
    sms_fallback_url: number.smsFallbackUrl,
    sms_method: number.smsMethod,
    sms_url: number.smsUrl,
    status_callback: number.statusCallback,
    status_callback_method: number.statusCallbackMethod,
    trunk_sid: number.trunkSid,
    uri: `/2010-04-01/Accounts/${number.accountSid}/IncomingPhoneNumbers/${number.sid}.json`,
    voice_receive_mode: "voice",
    voice_application_sid: number.voiceApplicationSid,
    voice_caller_id_lookup: false,
    voice_fallback_method: number.voiceFallbackMethod,
    voice_fallback_url: number.voiceFallbackUrl,
    voice_method: number.voiceMethod,
    voice_url: number.voiceUrl,
    emergency_status: "Inactive",
    emergency_address_sid: null,
    emergency_address_status: "unregistered",
    bundle_sid: number.bundleSid,
    status: "in-use",
    type: number.type,
  };
}
