import { type Clock, systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger, type Logger } from "#shared/core/logger.ts";
import { createPartyOf, type PartyOf } from "#shared/core/phone.ts";
import { createDatabase, type Database } from "#shared/runtime/database.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons, type Salons } from "#shared/salons/salons.ts";
import { createWebhookUrls, type WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { connectVault, VAULT_VARIABLES } from "#shared/vault/connect.ts";
import { createVerification, type VerifyWebhook } from "./verification.ts";

/** What every function that Twilio calls is made of. */
export interface WebhookRuntime {
  readonly projectId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly database: Database;
  readonly salons: Salons;
  readonly urls: WebhookUrls;
  readonly partyOf: PartyOf;
  readonly verify: VerifyWebhook;
}

/** Reads the environment and connects the real parts; throws when a variable is missing or wrong. */
export function createWebhookRuntime(): WebhookRuntime {
  const config = loadConfig(
    variables.pick({
      GOOGLE_CLOUD_PROJECT: true,
      ...VAULT_VARIABLES,
      PUBLIC_WEBHOOK_BASE: true,
      PARTY_HASH_KEY: true,
      LOG_LEVEL: true,
    }),
  );
  const clock = systemClock;
  const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
  const logger = createLogger({ level: config.LOG_LEVEL });
  const urls = createWebhookUrls(config.PUBLIC_WEBHOOK_BASE);
  return {
    projectId: config.GOOGLE_CLOUD_PROJECT,
    clock,
    logger,
    database,
    salons: createSalons(database),
    urls,
    partyOf: createPartyOf(config.PARTY_HASH_KEY),
    verify: createVerification({
      integrations: createIntegrations(database),
      vault: connectVault(config, { clock, logger }),
      urls,
      clock,
    }),
  };
}
