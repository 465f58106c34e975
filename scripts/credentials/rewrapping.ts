import { AppError } from "#shared/core/errors.ts";
import type { Vault } from "#shared/vault/vault.ts";
import type { Rewrite } from "./rewrite-salon.ts";

/** Has data keys wrapped by the configured CryptoKey in its primary version, where they are not yet. */
export function createRewrapping(vault: Vault): Rewrite {
  return async ({ salonId, envelope }) => {
    if ("version" in envelope) return vault.rewrap({ salonId, envelope });
    throw new AppError("failed-precondition", "is in the first format; run credentials:migrate before.");
  };
}
