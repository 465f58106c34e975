import BaseTwilio from "twilio/lib/base/BaseTwilio.js";
import type RequestClient from "twilio/lib/base/RequestClient.js";
import ApiBase from "twilio/lib/rest/ApiBase.js";
import { AppError } from "#shared/core/errors.ts";
import type { Secret } from "#shared/core/secret.ts";

export type TwilioApi = ApiBase["v2010"];

/**
 * Twilio's v2010 API with one account's credentials. Only this API is loaded: the package's front door brings every
 * other one along, four times the size. Throws failed-precondition without credentials, because the SDK would quietly take others from
 * the environment: another tenant's.
 */
export function connect(
  credentials: { readonly accountSid: string; readonly authToken: Secret },
  httpClient: RequestClient,
): TwilioApi {
  const { accountSid } = credentials;
  const token = credentials.authToken.reveal();
  if (!accountSid.startsWith("AC") || token === "") {
    throw new AppError("failed-precondition", "A Twilio account needs its SID (AC…) and its auth token.", {
      context: { service: "Twilio" },
    });
  }
  // Empty edge and region: the SDK would read them from the environment and ask another host.
  return new ApiBase(new BaseTwilio.Client(accountSid, token, { httpClient, edge: "", region: "" })).v2010;
}
