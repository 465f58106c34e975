import { isWebhookUrl } from "../webhooks/url.ts";
import type { ServiceSettings } from "../world/messaging-service.ts";
import { TwilioError } from "./error.ts";

const USECASES = ["notifications", "marketing", "verification", "discussion", "poll", "undeclared"];
const LONGEST_VALIDITY_SECONDS = 36_000;
const LONGEST_NAME = 64;

/** The settings that a form changes. A URL sent empty is cleared; a parameter not sent leaves its setting. */
export function readServiceSettings(form: URLSearchParams): Partial<ServiceSettings> {
  return {
    ...whenGiven(form, "FriendlyName", (name) => ({ friendlyName: nameFrom(name) })),
    ...whenGiven(form, "InboundRequestUrl", (url) => ({ inboundRequestUrl: urlFrom(url) })),
    ...whenGiven(form, "InboundMethod", (method) => ({ inboundMethod: methodFrom(method) })),
    ...whenGiven(form, "FallbackUrl", (url) => ({ fallbackUrl: urlFrom(url) })),
    ...whenGiven(form, "FallbackMethod", (method) => ({ fallbackMethod: methodFrom(method) })),
    ...whenGiven(form, "StatusCallback", (url) => ({ statusCallback: urlFrom(url) })),
    ...whenGiven(form, "StickySender", (value) => ({ stickySender: value === "true" })),
    ...whenGiven(form, "MmsConverter", (value) => ({ mmsConverter: value === "true" })),
    ...whenGiven(form, "SmartEncoding", (value) => ({ smartEncoding: value === "true" })),
    ...whenGiven(form, "AreaCodeGeomatch", (value) => ({ areaCodeGeomatch: value === "true" })),
    ...whenGiven(form, "ValidityPeriod", (seconds) => ({ validityPeriod: validityFrom(seconds) })),
    ...whenGiven(form, "Usecase", (usecase) => ({ usecase: usecaseFrom(usecase) })),
    ...whenGiven(form, "UseInboundWebhookOnNumber", (value) => ({
      useInboundWebhookOnNumber: value === "true",
    })),
  };
}

function whenGiven(
  form: URLSearchParams,
  name: string,
  read: (value: string) => Partial<ServiceSettings>,
): Partial<ServiceSettings> {
  const value = form.get(name);
  return value === null ? {} : read(value);
}

function nameFrom(name: string): string {
  if (name !== "" && name.length <= LONGEST_NAME) return name;
  throw new TwilioError(20001, `FriendlyName must have 1 to ${LONGEST_NAME} characters`);
}

function urlFrom(url: string): string | null {
  if (url !== "" && !isWebhookUrl(url)) throw new TwilioError(20001, `Not a valid URL: ${url}`);
  return url === "" ? null : url;
}

function methodFrom(method: string): "GET" | "POST" {
  const upper = method.toUpperCase();
  if (upper === "GET" || upper === "POST") return upper;
  throw new TwilioError(20001, "The HTTP method must be GET or POST");
}

function validityFrom(text: string): number {
  const seconds = Number(text);
  if (Number.isInteger(seconds) && seconds >= 1 && seconds <= LONGEST_VALIDITY_SECONDS) return seconds;
  throw new TwilioError(20001, `ValidityPeriod must be from 1 to ${LONGEST_VALIDITY_SECONDS}`);
}

function usecaseFrom(usecase: string): string {
  if (USECASES.includes(usecase)) return usecase;
  throw new TwilioError(20001, `Usecase must be one of ${USECASES.join(", ")}`);
}
