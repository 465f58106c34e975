import { isWebhookUrl } from "../webhooks/url.ts";
import type { NumberSettings } from "../world/phone-number.ts";
import { TwilioError } from "./error.ts";

const URLS = {
  SmsUrl: "smsUrl",
  SmsFallbackUrl: "smsFallbackUrl",
  VoiceUrl: "voiceUrl",
  VoiceFallbackUrl: "voiceFallbackUrl",
  StatusCallback: "statusCallback",
} as const;

const METHODS = {
  SmsMethod: "smsMethod",
  SmsFallbackMethod: "smsFallbackMethod",
  VoiceMethod: "voiceMethod",
  VoiceFallbackMethod: "voiceFallbackMethod",
  StatusCallbackMethod: "statusCallbackMethod",
} as const;

const SIDS = {
  SmsApplicationSid: { field: "smsApplicationSid", prefix: "AP" },
  VoiceApplicationSid: { field: "voiceApplicationSid", prefix: "AP" },
  TrunkSid: { field: "trunkSid", prefix: "TK" },
  AddressSid: { field: "addressSid", prefix: "AD" },
  BundleSid: { field: "bundleSid", prefix: "BU" },
  IdentitySid: { field: "identitySid", prefix: "RI" },
} as const;

/** The settings that a form changes. A parameter sent empty clears its field; one not sent leaves it. */
export function readNumberSettings(form: URLSearchParams): Partial<NumberSettings> {
  const settings: Partial<NumberSettings> = {};
  for (const [name, field] of entries(URLS)) {
    const url = form.get(name);
    if (url === null) continue;
    if (url !== "" && !isWebhookUrl(url)) throw new TwilioError(21402, `${name} is not a valid URL: ${url}`);
    settings[field] = url;
  }
  for (const [name, field] of entries(METHODS)) {
    const method = form.get(name)?.toUpperCase() ?? "";
    if (method === "") continue;
    if (method !== "GET" && method !== "POST") throw new TwilioError(21403, `${name} must be GET or POST`);
    settings[field] = method;
  }
  for (const [name, { field, prefix }] of entries(SIDS)) {
    const sid = form.get(name);
    if (sid === null) continue;
    if (sid !== "" && !new RegExp(`^${prefix}[0-9a-fA-F]{32}$`).test(sid)) {
      throw new TwilioError(20001, `${name} must be a SID that begins with ${prefix}`);
    }
    settings[field] = sid === "" ? null : sid;
  }
  const friendlyName = form.get("FriendlyName");
  if (friendlyName !== null && friendlyName !== "") settings.friendlyName = friendlyName;
  return settings;
}

function entries<Key extends string, Value>(table: Readonly<Record<Key, Value>>): [Key, Value][] {
  const keys: Key[] = [];
  for (const key in table) keys.push(key);
  return keys.map((key) => [key, table[key]]);
}
