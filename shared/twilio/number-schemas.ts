import { z } from "zod";

export interface Capabilities {
  readonly sms: boolean;
  readonly mms: boolean;
  readonly voice: boolean;
}

export interface AvailableNumber {
  readonly phoneNumber: string;
  readonly country: string;
  /** Whether a purchase needs an address: `none`, `any`, `local` or `foreign`. */
  readonly addressRequirements: string;
  readonly isBeta: boolean;
  readonly capabilities: Capabilities;
}

/** Where Twilio turns to when a number is written to or called. Empty text where nothing is set. */
export type NumberWebhooks = Readonly<Record<keyof typeof webhookFields, string>>;

export interface OwnedNumber {
  readonly sid: string;
  readonly accountSid: string;
  readonly phoneNumber: string;
  readonly friendlyName: string;
  readonly capabilities: Capabilities;
  readonly webhooks: NumberWebhooks;
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

const webhookFields = {
  smsUrl: text,
  smsMethod: text,
  smsFallbackUrl: text,
  smsFallbackMethod: text,
  smsApplicationSid: text,
  voiceUrl: text,
  voiceMethod: text,
  voiceFallbackUrl: text,
  voiceFallbackMethod: text,
  voiceApplicationSid: text,
  statusCallback: text,
  statusCallbackMethod: text,
  trunkSid: text,
};

/** Twilio has written these keys in lower and in upper case. */
const capabilitiesSchema = z.record(z.string(), z.unknown()).transform((stated): Capabilities => {
  const lower = new Map(Object.entries(stated).map(([name, value]) => [name.toLowerCase(), value === true]));
  return {
    sms: lower.get("sms") ?? false,
    mms: lower.get("mms") ?? false,
    voice: lower.get("voice") ?? false,
  };
});

export const availableNumberSchema = z
  .object({
    phoneNumber: z.string(),
    isoCountry: z.string(),
    addressRequirements: z.string().nullish(),
    beta: z.boolean().nullish(),
    capabilities: capabilitiesSchema,
  })
  .transform(
    (number): AvailableNumber => ({
      phoneNumber: number.phoneNumber,
      country: number.isoCountry,
      addressRequirements: number.addressRequirements ?? "none",
      isBeta: number.beta ?? false,
      capabilities: number.capabilities,
    }),
  );

export const ownedNumberSchema = z
  .object({
    sid: z.string(),
    accountSid: z.string(),
    phoneNumber: z.string(),
    friendlyName: text,
    capabilities: capabilitiesSchema,
    ...webhookFields,
  })
  .transform(
    ({ sid, accountSid, phoneNumber, friendlyName, capabilities, ...webhooks }): OwnedNumber => ({
      sid,
      accountSid,
      phoneNumber,
      friendlyName,
      capabilities,
      webhooks,
    }),
  );
