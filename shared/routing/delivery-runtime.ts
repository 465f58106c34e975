import { type Audit, createAudit } from "#shared/audit/audit.ts";
import { createContacts } from "#shared/contacts/contacts.ts";
import { createThreads } from "#shared/contacts/threads.ts";
import { systemClock } from "#shared/core/clock.ts";
import type { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { connectAccountHealth } from "#shared/health/connect.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createSlots } from "#shared/pacing/slots.ts";
import { createDefaultSenders } from "#shared/platform/default-senders.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import type { Mailer } from "#shared/runtime/mailer.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createApprovals } from "#shared/templates/approvals.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { connectVault, VAULT_VARIABLES } from "#shared/vault/connect.ts";
import { createDelivery } from "./delivery.ts";

/** What every function needs in its environment that hands messages to Twilio. */
export const DELIVERY_VARIABLES = {
  GOOGLE_CLOUD_PROJECT: true,
  ...VAULT_VARIABLES,
  SECRET_MANAGER_ENDPOINT: true,
  TWILIO_API_BASE_URL: true,
  PUBLIC_WEBHOOK_BASE: true,
  VOICE_FALLBACK_BASE: true,
  PLATFORM_ACCOUNTS: true,
  PARTY_HASH_KEY: true,
  MESSAGE_LEASE_SECONDS: true,
  UNCERTAIN_RECHECK_SECONDS: true,
  LOG_LEVEL: true,
} as const;

type DeliveryConfig = Pick<ReturnType<typeof loadConfig<typeof variables>>, keyof typeof DELIVERY_VARIABLES>;

/** Connects the real parts that a message passes through. `mailer`: for critical messages that fall back to e-mail. */
export function connectDelivery(config: DeliveryConfig, { mailer }: { readonly mailer?: Mailer } = {}) {
  const projectId = config.GOOGLE_CLOUD_PROJECT;
  const logger = createLogger({ level: config.LOG_LEVEL });
  const clock = systemClock;
  const database = createDatabase(projectId);
  const publisher = createPublisher(projectId);
  const secrets = createSecrets({ projectId, endpoint: config.SECRET_MANAGER_ENDPOINT });
  const salons = createSalons(database);
  const integrations = createIntegrations(database);
  const audit: Audit = createAudit({ database, clock, logger });
  const changes = createIntegrationChanges({ database, audit, clock, logger });
  const vault = connectVault(config, { clock, logger });
  const twilio = createTwilio({ apiBaseUrl: config.TWILIO_API_BASE_URL, logger });
  const urls = createWebhookUrls(config.PUBLIC_WEBHOOK_BASE, config.VOICE_FALLBACK_BASE);
  const messages = createOutboundMessages(database, clock);
  const partyOf = createPartyOf(config.PARTY_HASH_KEY);
  const acceptance = createAcceptance({ salons, messages, publisher, partyOf, clock, logger });
  const delivery = createDelivery({
    messages,
    salons,
    integrations,
    contacts: createContacts(database),
    threads: createThreads({ database, clock, partyOf }),
    defaultSenders: createDefaultSenders(secrets, config.PLATFORM_ACCOUNTS, logger),
    approvedContent: createApprovals(database).approvedContent,
    health: connectAccountHealth({ database, changes, vault, twilio, clock, logger }),
    vault,
    twilio,
    urls,
    slots: createSlots(database, clock),
    requestPlatform: changes.requestPlatform,
    mailer,
    clock,
    logger,
    random: Math.random,
    leaseSeconds: config.MESSAGE_LEASE_SECONDS,
    recheckSeconds: config.UNCERTAIN_RECHECK_SECONDS,
  });
  return {
    projectId,
    logger,
    clock,
    database,
    publisher,
    secrets,
    salons,
    integrations,
    audit,
    changes,
    vault,
    twilio,
    urls,
    messages,
    acceptance,
    delivery,
  };
}
