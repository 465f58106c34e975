import { randomUUID } from "node:crypto";
import { cloudEvent } from "@google-cloud/functions-framework";
import { createAudit } from "#shared/audit/audit.ts";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createOwnAccounts } from "#shared/own-account/create-own-accounts.ts";
import { createDefaultSenders } from "#shared/platform/default-senders.ts";
import { rotationReminder } from "#shared/reminders/rotation.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createSecrets } from "#shared/runtime/secrets.ts";
import { createErasures } from "#shared/salon-data/erasures.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createApprovals } from "#shared/templates/approvals.ts";
import { createTemplateSync } from "#shared/templates/sync.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { connectVault, VAULT_VARIABLES } from "#shared/vault/connect.ts";
import { createHandler } from "./handler.ts";
import { createMaintenance } from "./maintenance.ts";
import { sendsNoTest } from "./sends-no-test.ts";
import { createTemplateDuty } from "./templates.ts";
import { createWebhookDuty } from "./webhook-check.ts";

const config = loadConfig(
  variables.pick({
    GOOGLE_CLOUD_PROJECT: true,
    ...VAULT_VARIABLES,
    TWILIO_API_BASE_URL: true,
    PUBLIC_WEBHOOK_BASE: true,
    VOICE_FALLBACK_BASE: true,
    SECRET_MANAGER_ENDPOINT: true,
    PLATFORM_ACCOUNTS: true,
    LOG_LEVEL: true,
  }),
);
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const audit = createAudit({ database, clock, logger });
const vault = connectVault(config, { clock, logger });
const twilio = createTwilio({ apiBaseUrl: config.TWILIO_API_BASE_URL, logger });
const secrets = createSecrets({
  projectId: config.GOOGLE_CLOUD_PROJECT,
  endpoint: config.SECRET_MANAGER_ENDPOINT,
});
const integrations = createIntegrations(database);
const ownAccounts = createOwnAccounts({
  database,
  integrations,
  salons: createSalons(database),
  audit,
  vault,
  twilio,
  urls: createWebhookUrls(config.PUBLIC_WEBHOOK_BASE, config.VOICE_FALLBACK_BASE),
  rotationReminder,
  sendTest: sendsNoTest,
  clock,
  logger,
});
const approvals = createApprovals(database);
const syncTemplates = createTemplateDuty({
  database,
  integrations,
  vault,
  twilio,
  syncTemplates: createTemplateSync({ approvals, clock }),
  clock,
  logger,
});
const checkWebhooks = createWebhookDuty({ database, ownAccounts, clock, logger });
const { restoreWebhooks } = ownAccounts;
const erasures = createErasures({
  database,
  audit,
  vault,
  twilio,
  defaultSenders: createDefaultSenders(secrets, config.PLATFORM_ACCOUNTS, logger),
  restoreWebhooks,
  clock,
  logger,
  newHolder: randomUUID,
});
const duties = { ownAccounts, checkWebhooks, syncTemplates, erasures };
const maintain = createMaintenance({ ...duties, database, clock, logger });

cloudEvent(
  "maintain-salons",
  eventFunction(createHandler({ maintain, proceedErasure: erasures.proceed }), {
    name: "maintain-salons",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "acknowledge",
  }),
);
