import { setTimeout as sleep } from "node:timers/promises";
import { cloudEvent } from "@google-cloud/functions-framework";
import { createAudit } from "#shared/audit/audit.ts";
import { createCallStarts } from "#shared/calls/call-starts.ts";
import { createOutboundCalls } from "#shared/calls/outbound-call-store.ts";
import { createPlacement } from "#shared/calls/placement.ts";
import { createContacts } from "#shared/contacts/contacts.ts";
import { systemClock as clock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { connectAccountHealth } from "#shared/health/connect.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
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
const projectId = config.GOOGLE_CLOUD_PROJECT;
const logger = createLogger({ level: config.LOG_LEVEL });
const database = createDatabase(projectId);
const changes = createIntegrationChanges({
  database,
  audit: createAudit({ database, clock, logger }),
  clock,
  logger,
});
const integrations = createIntegrations(database);
const vault = connectVault(config, { clock, logger });
const twilio = createTwilio({ apiBaseUrl: config.TWILIO_API_BASE_URL, logger });
const health = connectAccountHealth({ database, changes, vault, twilio, clock, logger });
const placement = createPlacement({
  calls: createOutboundCalls(database, clock),
  salons: createSalons(database),
  integrations,
  contacts: createContacts(database),
  starts: createCallStarts(database, clock),
  vault,
  twilio,
  urls: createWebhookUrls(config.PUBLIC_WEBHOOK_BASE),
  requestPlatform: changes.requestPlatform,
  // The channel counts for a sender in trouble only, of which calls say nothing.
  noteTrouble: (salonId, source, trouble) => health.report(salonId, source, { ...trouble, channel: "sms" }),
  clock,
  logger,
  random: Math.random,
  sleep,
  leaseSeconds: config.MESSAGE_LEASE_SECONDS,
  recheckSeconds: config.UNCERTAIN_RECHECK_SECONDS,
});

cloudEvent(
  "place-call",
  eventFunction(createHandler({ placement }), {
    name: "place-call",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "acknowledge",
  }),
);
