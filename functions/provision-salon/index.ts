import { cloudEvent } from "@google-cloud/functions-framework";
import { createAudit } from "#shared/audit/audit.ts";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createAnnouncer } from "#shared/messages/announcer.ts";
import { createHeldMessages } from "#shared/messages/held.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createNumberPool } from "#shared/provisioning/number-pool.ts";
import { createPlatformAccounts } from "#shared/provisioning/platform-accounts.ts";
import { createProgressStore } from "#shared/provisioning/progress-store.ts";
import { createSaga } from "#shared/provisioning/saga.ts";
import { createDelivery } from "#shared/routing/delivery.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { connectVault, VAULT_VARIABLES } from "#shared/vault/connect.ts";
import { createHandler } from "./handler.ts";
import { createTestMessage } from "./test-message.ts";

const config = loadConfig(
  variables.pick({
    GOOGLE_CLOUD_PROJECT: true,
    ...VAULT_VARIABLES,
    SECRET_MANAGER_ENDPOINT: true,
    TWILIO_API_BASE_URL: true,
    PUBLIC_WEBHOOK_BASE: true,
    PLATFORM_ACCOUNTS: true,
    PARTY_HASH_KEY: true,
    NUMBER_COUNTRY: true,
    NUMBER_PURCHASES_PER_HOUR: true,
    MESSAGE_LEASE_SECONDS: true,
    UNCERTAIN_RECHECK_SECONDS: true,
    LOG_LEVEL: true,
  }),
);
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const publisher = createPublisher(config.GOOGLE_CLOUD_PROJECT);
const salons = createSalons(database);
const integrations = createIntegrations(database);
const audit = createAudit({ database, clock, logger });
const changes = createIntegrationChanges({ database, audit, clock, logger });
const messages = createOutboundMessages(database, clock);
const vault = connectVault(config, { clock, logger });
const twilio = createTwilio({ apiBaseUrl: config.TWILIO_API_BASE_URL, logger });
const urls = createWebhookUrls(config.PUBLIC_WEBHOOK_BASE);
const secrets = createSecrets({
  projectId: config.GOOGLE_CLOUD_PROJECT,
  endpoint: config.SECRET_MANAGER_ENDPOINT,
});
const acceptance = createAcceptance({
  salons,
  messages,
  publisher,
  partyOf: createPartyOf(config.PARTY_HASH_KEY),
  clock,
  logger,
});
const delivery = createDelivery({
  messages,
  salons,
  integrations,
  vault,
  twilio,
  urls,
  announcer: createAnnouncer(publisher),
  requestPlatform: changes.requestPlatform,
  clock,
  logger,
  random: Math.random,
  leaseSeconds: config.MESSAGE_LEASE_SECONDS,
  recheckSeconds: config.UNCERTAIN_RECHECK_SECONDS,
});
const provision = createSaga({
  progress: createProgressStore(database, changes, clock),
  parents: createPlatformAccounts(secrets, twilio, config.PLATFORM_ACCOUNTS),
  pool: createNumberPool(database, clock, Math.random),
  twilio,
  vault,
  held: createHeldMessages(database, publisher, clock),
  webhooksFor: urls.ofNumber,
  sendTest: createTestMessage({ acceptance, delivery, logger }),
  numbers: { country: config.NUMBER_COUNTRY, purchasesPerHour: config.NUMBER_PURCHASES_PER_HOUR },
  clock,
  logger,
});

cloudEvent(
  "provision-salon",
  eventFunction(createHandler({ provision }), {
    name: "provision-salon",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "redeliver",
  }),
);
