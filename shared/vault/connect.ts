import type { z } from "zod";
import type { Clock } from "#shared/core/clock.ts";
import type { variables } from "#shared/core/config.ts";
import type { Logger } from "#shared/core/logger.ts";
import { createKms, type Kms } from "./kms.ts";
import { createVault, VAULT_CACHE, type Vault } from "./vault.ts";

/** What `connectVault` reads, for `variables.pick({ ...VAULT_VARIABLES })`. */
export const VAULT_VARIABLES = {
  KMS_KEY_NAME: true,
  KMS_ENDPOINT: true,
  CREDENTIALS_ACCEPT_UNVERSIONED: true,
  CREDENTIALS_UNVERSIONED_KEY_NAME: true,
} as const;

export type VaultConfig = Pick<z.infer<typeof variables>, keyof typeof VAULT_VARIABLES>;

/**
 * The vault as functions use it. A refused envelope is an error in the log, because somebody wrote it there; one in
 * the platform's first format is a warning for as long as there are any.
 */
export function connectVault(
  config: VaultConfig,
  { clock, logger }: { clock: Clock; logger: Logger },
): Vault {
  const kms = createKms({ keyName: config.KMS_KEY_NAME, endpoint: config.KMS_ENDPOINT });
  return createVault({
    kms,
    clock,
    cache: VAULT_CACHE,
    unversionedKms: config.CREDENTIALS_ACCEPT_UNVERSIONED ? unversionedKmsOf(config, kms) : undefined,
    onRefused: (salonId, kind, reason) =>
      logger.error("stored credential refused", { salonId, reason: `${kind}: ${reason}` }),
    onUnversioned: (salonId) =>
      logger.warn("credential in the first format opened; run credentials:migrate", { salonId }),
  });
}

function unversionedKmsOf(config: VaultConfig, kms: Kms): Kms {
  const { CREDENTIALS_UNVERSIONED_KEY_NAME: keyName, KMS_ENDPOINT: endpoint } = config;
  return keyName === undefined ? kms : createKms({ keyName, endpoint });
}
