import type { Random } from "../random.ts";

export interface Capabilities {
  readonly voice: boolean;
  readonly sms: boolean;
  readonly mms: boolean;
  readonly fax: boolean;
}

export type NumberType = "local" | "mobile" | "toll-free";

/** What an engineer may configure on an owned number. */
export interface NumberSettings {
  friendlyName: string;
  smsUrl: string;
  smsMethod: "GET" | "POST";
  smsFallbackUrl: string;
  smsFallbackMethod: "GET" | "POST";
  smsApplicationSid: string | null;
  voiceUrl: string | null;
  voiceMethod: "GET" | "POST";
  voiceFallbackUrl: string | null;
  voiceFallbackMethod: "GET" | "POST";
  voiceApplicationSid: string | null;
  statusCallback: string;
  statusCallbackMethod: "GET" | "POST";
  trunkSid: string | null;
  addressSid: string | null;
  bundleSid: string | null;
  identitySid: string | null;
}

export interface OwnedNumber extends NumberSettings {
  readonly sid: string;
  readonly phoneNumber: string;
  readonly isoCountry: string;
  readonly type: NumberType;
  readonly capabilities: Capabilities;
  readonly dateCreated: Date;
  dateUpdated: Date;
  accountSid: string;
}

export interface NewNumber {
  readonly accountSid: string;
  readonly phoneNumber: string;
  readonly isoCountry: string;
  readonly type: NumberType;
  readonly capabilities: Capabilities;
  readonly settings: Partial<NumberSettings>;
}

export interface PhoneNumbers {
  add(wanted: NewNumber): OwnedNumber;
  find(phoneNumber: string): OwnedNumber | undefined;
  ofAccount(accountSid: string): readonly OwnedNumber[];
  all(): readonly OwnedNumber[];
  remove(number: OwnedNumber): void;
  clear(): void;
}

export function createPhoneNumbers(random: Random): PhoneNumbers {
  const owned = new Map<string, OwnedNumber>();
  return {
    add(wanted) {
      const now = new Date();
      const number: OwnedNumber = {
        ...unconfigured(wanted.phoneNumber),
        ...wanted.settings,
        sid: random.sid("PN"),
        phoneNumber: wanted.phoneNumber,
        isoCountry: wanted.isoCountry,
        type: wanted.type,
        capabilities: wanted.capabilities,
        accountSid: wanted.accountSid,
        dateCreated: now,
        dateUpdated: now,
      };
      owned.set(number.phoneNumber, number);
      return number;
    },
    find: (phoneNumber) => owned.get(phoneNumber),
    ofAccount: (accountSid) => [...owned.values()].filter((number) => number.accountSid === accountSid),
    all: () => [...owned.values()],
    remove: (number) => void owned.delete(number.phoneNumber),
    clear: () => owned.clear(),
  };
}

/** A number fresh from the shop; which of the unset fields are empty and which null follows Twilio's examples. */
function unconfigured(phoneNumber: string): NumberSettings {
  return {
    friendlyName: phoneNumber,
    smsUrl: "",
    smsMethod: "POST",
    smsFallbackUrl: "",
    smsFallbackMethod: "POST",
    smsApplicationSid: null,
    voiceUrl: null,
    voiceMethod: "POST",
    voiceFallbackUrl: null,
    voiceFallbackMethod: "POST",
    voiceApplicationSid: null,
    statusCallback: "",
    statusCallbackMethod: "POST",
    trunkSid: null,
    addressSid: null,
    bundleSid: null,
    identitySid: null,
  };
}
