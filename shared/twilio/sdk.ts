import BaseTwilio from "twilio/lib/base/BaseTwilio.js";
import type RequestClient from "twilio/lib/base/RequestClient.js";
import type AccountsBase from "twilio/lib/rest/AccountsBase.js";
import ApiBase from "twilio/lib/rest/ApiBase.js";
import type ContentBase from "twilio/lib/rest/ContentBase.js";
import type MessagingBase from "twilio/lib/rest/MessagingBase.js";
import { AppError } from "#shared/core/errors.ts";
import type { Secret } from "#shared/core/secret.ts";

export type TwilioApi = ApiBase["v2010"];

export interface SdkCredentials {
  readonly accountSid: string;
  readonly authToken: Secret;
}

/**
 * Twilio's v2010 API with one account's credentials. Only this API is loaded: the package's front door brings every
 * other one along, four times the size. Throws failed-precondition without credentials, because the SDK would quietly take others from
 * the environment: another tenant's.
 */
export function connect(credentials: SdkCredentials, httpClient: RequestClient): TwilioApi {
  return new ApiBase(clientOf(credentials, httpClient)).v2010;
}

/**
 * accounts.twilio.com, messaging.twilio.com and content.twilio.com. Unlike v2010 they name no account: they act on the
 * one that authenticates. Loaded when first used, since what sends and receives messages never needs them.
 */
export interface OwnHosts {
  accounts(): Promise<AccountsBase>;
  messaging(): Promise<MessagingBase>;
  content(): Promise<ContentBase>;
}

export function connectOwnHosts(credentials: SdkCredentials, httpClient: RequestClient): OwnHosts {
  return {
    async accounts() {
      const { default: Accounts } = await import("twilio/lib/rest/AccountsBase.js");
      return new Accounts(clientOf(credentials, httpClient));
    },
    async messaging() {
      const { default: Messaging } = await import("twilio/lib/rest/MessagingBase.js");
      return new Messaging(clientOf(credentials, httpClient));
    },
    async content() {
      const { default: Content } = await import("twilio/lib/rest/ContentBase.js");
      return new Content(clientOf(credentials, httpClient));
    },
  };
}

function clientOf({ accountSid, authToken }: SdkCredentials, httpClient: RequestClient) {
  const token = authToken.reveal();
  if (!accountSid.startsWith("AC") || token === "") {
    throw new AppError("failed-precondition", "A Twilio account needs its SID (AC…) and its auth token.", {
      context: { service: "Twilio" },
    });
  }
  // Empty edge and region: the SDK would read them from the environment and ask another host.
  return new BaseTwilio.Client(accountSid, token, { httpClient, edge: "", region: "" });
}
