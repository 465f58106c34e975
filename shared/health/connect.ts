import type { Clock } from "#shared/core/clock.ts";
import type { Logger } from "#shared/core/logger.ts";
import type { Database } from "#shared/runtime/database.ts";
import type { IntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import type { Twilio } from "#shared/twilio/account.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { createAccountCheck } from "./account-check.ts";
import { type AccountHealth, createAccountHealth } from "./account-health.ts";
import { createIncidents } from "./incidents.ts";

export interface AccountHealthParts {
  readonly database: Database;
  readonly changes: IntegrationChanges;
  readonly vault: Vault;
  readonly twilio: Twilio;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** An account's health as every function finds it out: by asking Twilio, with what stands on the integration. */
export function connectAccountHealth(parts: AccountHealthParts): AccountHealth {
  const { database, logger } = parts;
  return createAccountHealth({
    incidents: createIncidents(parts),
    integrations: createIntegrations(database),
    check: createAccountCheck(parts),
    logger,
  });
}
