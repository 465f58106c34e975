import { type Clock, systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger, type Logger } from "#shared/core/logger.ts";
import { createPartyOf, type PartyOf } from "#shared/core/phone.ts";
import { createDefaultSenders } from "#shared/platform/default-senders.ts";
import { createDatabase, type Database } from "#shared/runtime/database.ts";
import { limitIntake } from "#shared/runtime/intake.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { createIntegrations, type Integrations } from "#shared/salons/integrations.ts";
import { createSalons, type Salons } from "#shared/salons/salons.ts";
import { createWebhookUrls, type WebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { connectVault, VAULT_VARIABLES } from "#shared/vault/connect.ts";
import type { Vault } from "#shared/vault/vault.ts";
import { createAdmission } from "./admission.ts";
import { allowedNetworks } from "./allowed-networks.ts";
import { MAX_INTAKE_BYTES, WEBHOOK_POLICIES, type WebhookFunction } from "./limits.ts";
import { createPlatformVerification, orOfPlatform, type VerifyPlatformWebhook } from "./platform-accounts.ts";
import { createVerification, type VerifyWebhook } from "./verification.ts";

/** What every function that Twilio calls is made of. */
export interface WebhookRuntime {
  readonly projectId: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly database: Database;
  readonly salons: Salons;
  readonly integrations: Integrations;
  readonly vault: Vault;
  readonly urls: WebhookUrls;
  readonly partyOf: PartyOf;
  readonly verify: VerifyWebhook;
  /** For what is sent to the platform's own numbers. */
  readonly verifyPlatform: VerifyPlatformWebhook;
  /** For what is reported of a message, which may have gone through a parent. */
  readonly verifyMessageStatus: VerifyWebhook;
}

/** Reads the environment, connects the real parts and limits what is read of a request; throws when a variable is missing or wrong. */
export function createWebhookRuntime(name: WebhookFunction): WebhookRuntime {
  const config = loadConfig(
    variables.pick({
      GOOGLE_CLOUD_PROJECT: true,
      ...VAULT_VARIABLES,
      SECRET_MANAGER_ENDPOINT: true,
      PLATFORM_ACCOUNTS: true,
      PUBLIC_WEBHOOK_BASE: true,
      PARTY_HASH_KEY: true,
      TWILIO_WEBHOOK_ALLOWED_CIDRS: true,
      TRUSTED_PROXY_HOPS: true,
      WEBHOOK_INGRESS: true,
      LOG_LEVEL: true,
    }),
  );
  limitIntake(MAX_INTAKE_BYTES);
  const clock = systemClock;
  const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
  const logger = createLogger({ level: config.LOG_LEVEL });
  const urls = createWebhookUrls(config.PUBLIC_WEBHOOK_BASE);
  const secrets = createSecrets({
    projectId: config.GOOGLE_CLOUD_PROJECT,
    endpoint: config.SECRET_MANAGER_ENDPOINT,
  });
  const integrations = createIntegrations(database);
  const vault = connectVault(config, { clock, logger });
  const admission = createAdmission({
    urls,
    policy: WEBHOOK_POLICIES[name],
    clock,
    allowedFrom: allowedNetworks(config),
    trustedProxyHops: config.TRUSTED_PROXY_HOPS,
  });
  const verify = createVerification({ database, integrations, vault, admission, clock, logger });
  const verifyPlatform = createPlatformVerification({
    defaultSenders: createDefaultSenders(secrets, config.PLATFORM_ACCOUNTS, logger),
    admission,
    clock,
  });
  return {
    projectId: config.GOOGLE_CLOUD_PROJECT,
    clock,
    logger,
    database,
    salons: createSalons(database),
    integrations,
    vault,
    urls,
    partyOf: createPartyOf(config.PARTY_HASH_KEY),
    verify,
    verifyPlatform,
    verifyMessageStatus: orOfPlatform(verify, verifyPlatform),
  };
}
