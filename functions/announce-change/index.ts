import { cloudEvent } from "@google-cloud/functions-framework";
import { createAudit } from "#shared/audit/audit.ts";
import { createContacts } from "#shared/contacts/contacts.ts";
import { createThreads } from "#shared/contacts/threads.ts";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { connectAccountHealth } from "#shared/health/connect.ts";
import { createConsequences } from "#shared/routing/consequences.ts";
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
    PARTY_HASH_KEY: true,
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

const handler = createHandler({
  publisher: createPublisher(config.GOOGLE_CLOUD_PROJECT),
  drawConsequences: createConsequences({
    contacts: createContacts(database),
    threads: createThreads({ database, clock, partyOf: createPartyOf(config.PARTY_HASH_KEY) }),
    health: connectAccountHealth({ database, changes, vault, twilio, clock, logger }),
  }),
});

cloudEvent(
  "announce-change",
  eventFunction(handler, {
    name: "announce-change",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "redeliver",
  }),
);
