import { cloudEvent } from "@google-cloud/functions-framework";
import { createAudit } from "#shared/audit/audit.ts";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createAnnouncer } from "#shared/messages/announcer.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createDelivery } from "#shared/routing/delivery.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { connectVault, VAULT_VARIABLES } from "#shared/vault/connect.ts";
import { createHandler } from "./handler.ts";

const config = loadConfig(
  variables.pick({
    GOOGLE_CLOUD_PROJECT: true,
    ...VAULT_VARIABLES,
    TWILIO_API_BASE_URL: true,
    PUBLIC_WEBHOOK_BASE: true,
    MESSAGE_LEASE_SECONDS: true,
    UNCERTAIN_RECHECK_SECONDS: true,
    LOG_LEVEL: true,
  }),
);
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const audit = createAudit({ database, clock, logger });
const delivery = createDelivery({
  messages: createOutboundMessages(database, clock),
  salons: createSalons(database),
  integrations: createIntegrations(database),
  vault: connectVault(config, { clock, logger }),
  twilio: createTwilio({ apiBaseUrl: config.TWILIO_API_BASE_URL, logger }),
  urls: createWebhookUrls(config.PUBLIC_WEBHOOK_BASE),
  announcer: createAnnouncer(createPublisher(config.GOOGLE_CLOUD_PROJECT)),
  requestPlatform: createIntegrationChanges({ database, audit, clock, logger }).requestPlatform,
  clock,
  logger,
  random: Math.random,
  leaseSeconds: config.MESSAGE_LEASE_SECONDS,
  recheckSeconds: config.UNCERTAIN_RECHECK_SECONDS,
});
const deadLetters = createDeadLetters(database, clock);

cloudEvent(
  "deliver-message",
  eventFunction(createHandler({ delivery }), {
    name: "deliver-message",
    logger,
    deadLetters,
    onFailure: "acknowledge",
  }),
);
