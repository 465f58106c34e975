import type { Logger } from "#shared/core/logger.ts";
import type { Secret } from "#shared/core/secret.ts";
import { createHttpClient } from "./http-client.ts";
import { createMessages, type Messages } from "./messages.ts";
import { createNumbers, type Numbers } from "./numbers.ts";
import { createRequest } from "./request.ts";
import { createRetry, type Retry } from "./retry.ts";
import { connect } from "./sdk.ts";
import { createSubaccounts, type Subaccounts } from "./subaccounts.ts";

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
export interface TwilioAccount extends Subaccounts, Numbers, Messages {}

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
      return {
        ...createSubaccounts(api, own, request),
        ...createNumbers(own, request),
        ...createMessages(own, request),
      };
    },
  };
}

function noteRetry(logger: Logger | undefined, code: number | undefined, attempt: number): void {
  logger?.warn("Twilio took nothing, trying again", {
    attempt,
    ...(code === undefined ? {} : { twilioCode: code }),
  });
}
