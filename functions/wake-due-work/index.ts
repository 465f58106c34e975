import { setTimeout as sleep } from "node:timers/promises";
import { cloudEvent } from "@google-cloud/functions-framework";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { dueDocuments } from "#shared/runtime/due-work.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createHandler } from "./handler.ts";

/** What is read at once. */
const PAGE = 1_000;

const config = loadConfig(variables.pick({ GOOGLE_CLOUD_PROJECT: true, LOG_LEVEL: true }));
const logger = createLogger({ level: config.LOG_LEVEL });
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const handler = createHandler({
  due: (collection, now, after) => dueDocuments(database, collection, now, { limit: PAGE, after }),
  publisher: createPublisher(config.GOOGLE_CLOUD_PROJECT),
  clock: systemClock,
  sleep,
  logger,
});

cloudEvent(
  "wake-due-work",
  eventFunction(handler, {
    name: "wake-due-work",
    logger,
    deadLetters: createDeadLetters(database, systemClock),
    onFailure: "acknowledge",
  }),
);
