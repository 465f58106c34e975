import { accountFingerprint } from "#shared/core/ids.ts";
import type { Secret } from "#shared/core/secret.ts";
import type { ReadSecretOptions, Secrets } from "#shared/runtime/secrets.ts";
import type { Twilio, TwilioAccount } from "#shared/twilio/account.ts";

/** One of the platform's parent accounts, under which salons get their subaccounts, as Secret Manager has it. */
export interface PlatformCredentials {
  readonly label: string;
  readonly accountSid: string;
  readonly authToken: Secret;
}

/** The same, to be asked. */
export interface PlatformAccount {
  readonly label: string;
  readonly account: TwilioAccount;
}

export interface PlatformAccounts {
  /** In the order they are to be filled. */
  list(): Promise<PlatformAccount[]>;
}

/** The parents by their labels (`PLATFORM_ACCOUNTS`). */
export function createPlatformAccounts(
  secrets: Secrets,
  twilio: Twilio,
  labels: readonly string[],
): PlatformAccounts {
  return {
    list: async () =>
      (await platformCredentials(secrets, labels)).map((credentials) => ({
        label: credentials.label,
        account: twilio.account(credentials),
      })),
  };
}

/** The credentials of each label, at most a minute old. Throws `unavailable` when Secret Manager lacks one. */
export function platformCredentials(
  secrets: Secrets,
  labels: readonly string[],
  options: ReadSecretOptions = {},
): Promise<PlatformCredentials[]> {
  return Promise.all(
    labels.map(async (label) => {
      const [accountSid, authToken] = await Promise.all([
        secrets.read(secretName("twilio-account-sid", label)),
        secrets.read(secretName("twilio-auth-token", label), options),
      ]);
      return { label, accountSid: accountSid.reveal(), authToken };
    }),
  );
}

/** The one parent whose account has this fingerprint. */
export function withFingerprint<Parent extends PlatformCredentials>(
  parents: readonly Parent[],
  fingerprint: string,
): Parent | undefined {
  return parents.find(({ accountSid }) => accountFingerprint(accountSid) === fingerprint);
}

/** The parent called `default` has the secret `twilio-auth-token`, and one called `b` has `twilio-auth-token-b`. */
export function secretName(name: string, label: string): string {
  return label === "default" ? name : `${name}-${label}`;
}
