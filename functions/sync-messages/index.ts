import { randomUUID } from "node:crypto";
import { cloudEvent } from "@google-cloud/functions-framework";
import { createAudit } from "#shared/audit/audit.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { createThreads } from "#shared/contacts/threads.ts";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { connectAccountHealth } from "#shared/health/connect.ts";
import { createSynchronization } from "#shared/message-sync/synchronization.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createMessageCosts } from "#shared/messages/cost-store.ts";
import { createInboundIntake } from "#shared/messages/inbound-intake.ts";
import { createInboundMessages } from "#shared/messages/inbound-store.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createDefaultSenders } from "#shared/platform/default-senders.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { connectVault, VAULT_VARIABLES } from "#shared/vault/connect.ts";
import { createHandler } from "./handler.ts";

const config = loadConfig(
  variables.pick({
    GOOGLE_CLOUD_PROJECT: true,
    ...VAULT_VARIABLES,
    SECRET_MANAGER_ENDPOINT: true,
    PLATFORM_ACCOUNTS: true,
    TWILIO_API_BASE_URL: true,
    PARTY_HASH_KEY: true,
    LOG_LEVEL: true,
  }),
);
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const publisher = createPublisher(config.GOOGLE_CLOUD_PROJECT);
const salons = createSalons(database);
const partyOf = createPartyOf(config.PARTY_HASH_KEY);
const messages = createOutboundMessages(database, clock);
const acceptance = createAcceptance({ salons, messages, publisher, partyOf, clock, logger });
const inbound = createInboundMessages(database);
const intake = createInboundIntake({ inbound, publisher, acceptance, partyOf, clock, logger });
const vault = connectVault(config, { clock, logger });
const twilio = createTwilio({ apiBaseUrl: config.TWILIO_API_BASE_URL, logger });
const integrations = createIntegrations(database);
const audit = createAudit({ database, clock, logger });
const changes = createIntegrationChanges({ database, audit, clock, logger });
const secrets = createSecrets({
  projectId: config.GOOGLE_CLOUD_PROJECT,
  endpoint: config.SECRET_MANAGER_ENDPOINT,
});
const synchronize = createSynchronization({
  database,
  integrations,
  salons,
  vault,
  twilio,
  defaultSenders: createDefaultSenders(secrets, config.PLATFORM_ACCOUNTS, logger),
  threads: createThreads({ database, clock, partyOf }),
  health: connectAccountHealth({ database, changes, vault, twilio, clock, logger }),
  messages,
  calls: createCalls(database, clock),
  costs: createMessageCosts(database, clock),
  intake,
  partyOf,
  newHolder: randomUUID,
  clock,
  logger,
});

cloudEvent(
  "sync-messages",
  eventFunction(createHandler({ intake, synchronize }), {
    name: "sync-messages",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "acknowledge",
  }),
);
