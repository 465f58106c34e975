import { cloudEvent } from "@google-cloud/functions-framework";
import { createAudit } from "#shared/audit/audit.ts";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { connectAccountHealth } from "#shared/health/connect.ts";
import { createHeldMessages } from "#shared/messages/held.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { connectVault, VAULT_VARIABLES } from "#shared/vault/connect.ts";
import { createHandler } from "./handler.ts";

const config = loadConfig(
  variables.pick({
    GOOGLE_CLOUD_PROJECT: true,
    ...VAULT_VARIABLES,
    TWILIO_API_BASE_URL: true,
    LOG_LEVEL: true,
  }),
);
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const audit = createAudit({ database, clock, logger });
const changes = createIntegrationChanges({ database, audit, clock, logger });
const vault = connectVault(config, { clock, logger });
const twilio = createTwilio({ apiBaseUrl: config.TWILIO_API_BASE_URL, logger });
const health = connectAccountHealth({ database, changes, vault, twilio, clock, logger });
const held = createHeldMessages(database, createPublisher(config.GOOGLE_CLOUD_PROJECT), clock);

cloudEvent(
  "probe-integration",
  eventFunction(createHandler({ health, held }), {
    name: "probe-integration",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "acknowledge",
  }),
);
