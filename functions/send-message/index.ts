import { http } from "@google-cloud/functions-framework";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createPartyOf } from "#shared/core/phone.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createSalons } from "#shared/salons/salons.ts";
import { createHandler } from "./handler.ts";

const config = loadConfig(
  variables.pick({ GOOGLE_CLOUD_PROJECT: true, PARTY_HASH_KEY: true, LOG_LEVEL: true }),
);
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const messages = createOutboundMessages(database, clock);
const acceptance = createAcceptance({
  salons: createSalons(database),
  messages,
  publisher: createPublisher(config.GOOGLE_CLOUD_PROJECT),
  partyOf: createPartyOf(config.PARTY_HASH_KEY),
  clock,
  logger,
});

http(
  "send-message",
  httpFunction(createHandler({ acceptance, messages }), {
    name: "send-message",
    logger,
    maxBodyBytes: 16_384,
  }),
);
