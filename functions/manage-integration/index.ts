import { randomUUID } from "node:crypto";
import { http } from "@google-cloud/functions-framework";
import { createAudit } from "#shared/audit/audit.ts";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { createAuthenticate } from "#shared/identity/authenticate.ts";
import { createAuthorize } from "#shared/identity/membership.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createAnnouncer } from "#shared/messages/announcer.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createOwnAccounts } from "#shared/own-account/create-own-accounts.ts";
import { rotationReminder } from "#shared/reminders/rotation.ts";
import { createDelivery } from "#shared/routing/delivery.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createErasures } from "#shared/salon-data/erasures.ts";
import { createSalonExport } from "#shared/salon-data/export.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { createWebhookUrls } from "#shared/twilio/webhook-urls.ts";
import { connectVault, VAULT_VARIABLES } from "#shared/vault/connect.ts";
import { allowOrigin } from "./cors.ts";
import { createHandler } from "./handler.ts";
import { createPlatformRequests } from "./platform-requests.ts";
import { createReadView } from "./read-view.ts";
import { createSendTest } from "./send-test.ts";

const config = loadConfig(
  variables.pick({
    GOOGLE_CLOUD_PROJECT: true,
    FIREBASE_AUTH_EMULATOR_HOST: true,
    ...VAULT_VARIABLES,
    TWILIO_API_BASE_URL: true,
    PUBLIC_WEBHOOK_BASE: true,
    PARTY_HASH_KEY: true,
    MESSAGE_LEASE_SECONDS: true,
    UNCERTAIN_RECHECK_SECONDS: true,
    DASHBOARD_ORIGIN: true,
    LOG_LEVEL: true,
  }),
);
const projectId = config.GOOGLE_CLOUD_PROJECT;
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(projectId);
const publisher = createPublisher(projectId);
const salons = createSalons(database);
const integrations = createIntegrations(database);
const audit = createAudit({ database, clock, logger });
const changes = createIntegrationChanges({ database, audit, clock, logger });
const vault = connectVault(config, { clock, logger });
const twilio = createTwilio({ apiBaseUrl: config.TWILIO_API_BASE_URL, logger });
const urls = createWebhookUrls(config.PUBLIC_WEBHOOK_BASE);
const messages = createOutboundMessages(database, clock);
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
const ownAccounts = createOwnAccounts({
  database,
  integrations,
  audit,
  rotationReminder,
  salons,
  vault,
  twilio,
  urls,
  sendTest: createSendTest({ acceptance, delivery, logger }),
  clock,
  logger,
});

const handler = createHandler({
  authenticate: createAuthenticate({ projectId, clock }),
  authorize: createAuthorize(database, salons),
  readView: createReadView({ database, integrations, vault, urls, clock }),
  platform: createPlatformRequests(changes),
  ownAccounts,
  exportSalon: createSalonExport({ database, audit }),
  erasures: createErasures({ database, audit, vault, twilio, clock, logger, newHolder: randomUUID }),
});

http(
  "manage-integration",
  allowOrigin(
    config.DASHBOARD_ORIGIN,
    httpFunction(handler, { name: "manage-integration", logger, maxBodyBytes: 16_384 }),
  ),
);
