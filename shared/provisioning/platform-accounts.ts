import type { Secrets } from "#shared/runtime/secrets.ts";
import type { Twilio, TwilioAccount } from "#shared/twilio/account.ts";

/** One of the platform's parent accounts, under which salons get their subaccounts. */
export interface PlatformAccount {
  readonly label: string;
  readonly account: TwilioAccount;
}

export interface PlatformAccounts {
  /** In the order they are to be filled. */
  list(): Promise<PlatformAccount[]>;
}

/**
 * The parents by their labels (`PLATFORM_ACCOUNTS`). The one called `default` has the secrets `twilio-account-sid` and
 * `twilio-auth-token`; another one has the same with `-{label}` behind.
 */
export function createPlatformAccounts(
  secrets: Secrets,
  twilio: Twilio,
  labels: readonly string[],
): PlatformAccounts {
  return {
    list: () =>
      Promise.all(
        labels.map(async (label) => {
          const suffix = label === "default" ? "" : `-${label}`;
          const [accountSid, authToken] = await Promise.all([
            secrets.read(`twilio-account-sid${suffix}`),
            secrets.read(`twilio-auth-token${suffix}`),
          ]);
          return { label, account: twilio.account({ accountSid: accountSid.reveal(), authToken }) };
        }),
      ),
  };
}
