import { AppError } from "#shared/core/errors.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { Secret } from "#shared/core/secret.ts";
import { type AuthTokens, createAuthTokens } from "./auth-tokens.ts";
import { type CallRecords, createCallRecords } from "./call-records.ts";
import { createOutgoingCalls, type OutgoingCalls } from "./calls.ts";
import { type Contents, createContents } from "./content.ts";
import { createHttpClient } from "./http-client.ts";
import { createMessages, type Messages } from "./messages.ts";
import { createMessagingServices, type MessagingServices } from "./messaging-services.ts";
import { createNumbers, type Numbers } from "./numbers.ts";
import { createRecordings, type Recordings, type Sound } from "./recordings.ts";
import { createRequest } from "./request.ts";
import { createRetry, type Retry } from "./retry.ts";
import { connect, connectOwnHosts, type OwnHosts } from "./sdk.ts";
import { createSubaccounts, type Subaccounts } from "./subaccounts.ts";
import { createWhatsAppSenders, type WhatsAppSenders } from "./whatsapp-senders.ts";

export interface TwilioSettings {
  /** A simulator on loopback; Twilio itself when left out. */
  readonly apiBaseUrl?: string | undefined;
  /** How long one request may take, in milliseconds. */
  readonly timeoutMs?: number | undefined;
  readonly retry?: Retry | undefined;
  readonly logger?: Logger | undefined;
}

export interface TwilioCredentials {
  readonly accountSid: string;
  readonly authToken: Secret;
  /** A subaccount to act on with its parent's credentials; the account itself when left out. */
  readonly actingOn?: string;
}

/** What one Twilio account can do for us. Every method throws a `TwilioFailure` when it did not work out. */
export interface TwilioAccount
  extends Subaccounts,
    Numbers,
    Messages,
    OutgoingCalls,
    CallRecords,
    Recordings,
    AuthTokens,
    WhatsAppSenders,
    MessagingServices,
    Contents {}

export interface Twilio {
  account(credentials: TwilioCredentials): TwilioAccount;
}

/** Twilio behind our own words: one pool of connections and one retry rule for all accounts, nothing else shared. */
export function createTwilio(settings: TwilioSettings = {}): Twilio {
  const {
    logger,
    retry = createRetry({ onRetry: (failure, attempt) => noteRetry(logger, failure.info.code, attempt) }),
  } = settings;
  const httpClient = createHttpClient(settings);
  const request = createRequest(retry);
  return {
    account(credentials) {
      const api = connect(credentials, httpClient);
      const own = api.accounts(credentials.actingOn ?? credentials.accountSid);
      const hosts = ownHostsOf(credentials, connectOwnHosts(credentials, httpClient));
      return {
        ...createSubaccounts(api, own, request),
        ...createNumbers(own, request),
        ...createMessages(own, request),
        ...createOutgoingCalls(own, request),
        ...createCallRecords(own, request),
        ...createRecordings(own, request, (sid) => soundOf(credentials, settings, sid)),
        ...createAuthTokens(hosts, request),
        ...createWhatsAppSenders(hosts, request),
        ...createMessagingServices(hosts, request),
        ...createContents(hosts, request),
      };
    },
  };
}

/** With a parent's credentials these hosts would act on the parent, so that its token would be rotated, not the salon's. */
function ownHostsOf({ accountSid, actingOn = accountSid }: TwilioCredentials, hosts: OwnHosts): OwnHosts {
  if (actingOn === accountSid) return hosts;
  const refuse = async (): Promise<never> => {
    throw new AppError(
      "internal",
      "Tokens, senders, services and templates need the subaccount's own credentials.",
    );
  };
  return { accounts: refuse, messaging: refuse, content: refuse };
}

function soundOf(
  { accountSid, authToken, actingOn = accountSid }: TwilioCredentials,
  { apiBaseUrl = "https://api.twilio.com" }: TwilioSettings,
  sid: string,
): Sound {
  const path = `/2010-04-01/Accounts/${actingOn}/Recordings/${encodeURIComponent(sid)}.mp3`;
  const authorization = `Basic ${Buffer.from(`${accountSid}:${authToken.reveal()}`).toString("base64")}`;
  return { url: new URL(path, apiBaseUrl).href, authorization };
}

function noteRetry(logger: Logger | undefined, code: number | undefined, attempt: number): void {
  logger?.warn("Twilio took nothing, trying again", {
    attempt,
    ...(code === undefined ? {} : { twilioCode: code }),
  });
}
