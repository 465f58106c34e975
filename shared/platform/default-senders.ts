import type { Logger } from "#shared/core/logger.ts";
import { E164 } from "#shared/core/phone.ts";
import type { ReadSecretOptions, Secrets } from "#shared/runtime/secrets.ts";
import { type PlatformCredentials, platformCredentials, secretName, withFingerprint } from "./accounts.ts";

/** A parent account with the numbers of its own that stand in where a salon's cannot send. */
export interface DefaultSender extends PlatformCredentials {
  /** Empty for a parent that has none. */
  readonly numbers: readonly E164[];
}

export interface DefaultSenders {
  /** All parents, in the order of their labels; at most a minute old, and their tokens newer if asked. */
  list(options?: ReadSecretOptions): Promise<DefaultSender[]>;
  /** The parent that an attempt of source `platform_default` went through, by the account it names. */
  credentialsOf(
    accountFingerprint: string,
    options?: ReadSecretOptions,
  ): Promise<PlatformCredentials | undefined>;
}

/**
 * A parent's default numbers stand in the secret `twilio-phone-number`, with the label behind as its credentials have
 * it: in E.164, separated by commas. A number that is none is left out and named by its secret in the log.
 */
export function createDefaultSenders(
  secrets: Secrets,
  labels: readonly string[],
  logger: Logger,
): DefaultSenders {
  return {
    list: async (options) =>
      Promise.all(
        (await platformCredentials(secrets, labels, options)).map(async (parent) => ({
          ...parent,
          numbers: await numbersOf(secretName("twilio-phone-number", parent.label)),
        })),
      ),
    credentialsOf: async (fingerprint, options) =>
      withFingerprint(await platformCredentials(secrets, labels, options), fingerprint),
  };

  async function numbersOf(name: string): Promise<E164[]> {
    const secret = await secrets.find(name);
    if (secret === undefined) return [];
    const stated = secret
      .reveal()
      .split(",")
      .map((number) => number.trim())
      .filter((number) => number !== "");
    const numbers = stated.flatMap((number) => E164.safeParse(number).data ?? []);
    if (numbers.length === 0 || numbers.length < stated.length) {
      logger.error("a secret holds what is no phone number", { reason: name });
    }
    return [...new Set(numbers)];
  }
}
