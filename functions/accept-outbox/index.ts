import { cloudEvent } from "@google-cloud/functions-framework";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { createCallerPolicies } from "#shared/identity/caller-policies.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createRateLimit } from "#shared/pacing/rate-limit.ts";
import { createThrottle } from "#shared/pacing/throttle.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createAdmit } from "./admission.ts";
import { createHandler } from "./handler.ts";
import { createOutbox } from "./outbox.ts";

const config = loadConfig(
  variables.pick({
    GOOGLE_CLOUD_PROJECT: true,
    PARTY_HASH_KEY: true,
    SALON_MESSAGES_PER_MINUTE: true,
    SALON_MESSAGES_BURST: true,
    LOG_LEVEL: true,
  }),
);
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const salons = createSalons(database);
const messages = createOutboundMessages(database, clock);
const limits = { perMinute: config.SALON_MESSAGES_PER_MINUTE, burst: config.SALON_MESSAGES_BURST };
const throttle = createThrottle(createRateLimit({ database, clock, logger, limits }));

const handler = createHandler({
  outbox: createOutbox(database, clock),
  admit: createAdmit({ database, policies: createCallerPolicies(database), salons, throttle }),
  acceptance: createAcceptance({
    salons,
    messages,
    publisher: createPublisher(config.GOOGLE_CLOUD_PROJECT),
    partyOf: createPartyOf(config.PARTY_HASH_KEY),
    clock,
    logger,
  }),
  messages,
  clock,
  logger,
});

cloudEvent(
  "accept-outbox",
  eventFunction(handler, {
    name: "accept-outbox",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "acknowledge",
  }),
);
