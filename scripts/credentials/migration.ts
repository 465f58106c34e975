import type { Vault } from "#shared/vault/vault.ts";
import type { Rewrite } from "./rewrite-salon.ts";

/** Seals what is in the platform's first format again, bound to the salon in whose document it stands. */
export function createMigration(vault: Vault): Rewrite {
  return async ({ salonId, kind, envelope }) => {
    if ("version" in envelope) return undefined;
    const secret = await vault.open({ salonId, kind, envelope });
    return vault.seal({ salonId, kind, secret });
  };
}
