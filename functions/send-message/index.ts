import { http } from "@google-cloud/functions-framework";
import { createCallAcceptance } from "#shared/calls/call-acceptance.ts";
import { createOutboundCalls } from "#shared/calls/outbound-call-store.ts";
import { createContacts } from "#shared/contacts/contacts.ts";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { CALLER_VARIABLES, createAuthenticateCaller } from "#shared/identity/caller.ts";
import { createCallerPolicies } from "#shared/identity/caller-policies.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createBulkAcceptance } from "#shared/messages/bulk-acceptance.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createRateLimit } from "#shared/pacing/rate-limit.ts";
import { createSlots } from "#shared/pacing/slots.ts";
import { createThrottle } from "#shared/pacing/throttle.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createIntegrations } from "#shared/salons/integrations.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createAdmission } from "./admission.ts";
import { createHandler, maxBodyBytes } from "./handler.ts";

const config = loadConfig(
  variables.pick({
    GOOGLE_CLOUD_PROJECT: true,
    PARTY_HASH_KEY: true,
    SALON_MESSAGES_PER_MINUTE: true,
    SALON_MESSAGES_BURST: true,
    LOG_LEVEL: true,
    ...CALLER_VARIABLES,
  }),
);
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const publisher = createPublisher(config.GOOGLE_CLOUD_PROJECT);
const salons = createSalons(database);
const messages = createOutboundMessages(database, clock);
const partyOf = createPartyOf(config.PARTY_HASH_KEY);
const calls = createOutboundCalls(database, clock);
const policies = createCallerPolicies(database);
const limits = { perMinute: config.SALON_MESSAGES_PER_MINUTE, burst: config.SALON_MESSAGES_BURST };
const throttle = createThrottle(createRateLimit({ database, clock, logger, limits }));

const handler = createHandler({
  authenticate: createAuthenticateCaller(config),
  admission: createAdmission({ policies, salons, throttle, messages }),
  acceptance: createAcceptance({ salons, messages, publisher, partyOf, clock, logger }),
  calls,
  callAcceptance: createCallAcceptance({ salons, calls, publisher, partyOf, clock, logger }),
  policies,
  integrations: createIntegrations(database),
  bulkAcceptance: createBulkAcceptance({
    salons,
    messages,
    slots: createSlots(database, clock),
    partyOf,
    clock,
  }),
  messages,
  contacts: createContacts(database),
  publisher,
  partyOf,
  clock,
  logger,
});

http("send-message", httpFunction(handler, { name: "send-message", logger, maxBodyBytes }));
