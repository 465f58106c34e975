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

/** What one tick wakes at most; the next one goes on. */
const LIMIT = 2_000;

const config = loadConfig(variables.pick({ GOOGLE_CLOUD_PROJECT: true, LOG_LEVEL: true }));
const logger = createLogger({ level: config.LOG_LEVEL });
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const handler = createHandler({
  dueMessages: () => dueDocuments(database, "messages", systemClock.now(), LIMIT),
  dueCalls: () => dueDocuments(database, "calls", systemClock.now(), LIMIT),
  dueProvisioning: () => dueDocuments(database, "provisioning", systemClock.now(), LIMIT),
  dueNotifications: () => dueDocuments(database, "notifications", systemClock.now(), LIMIT),
  dueErasures: () => dueDocuments(database, "erasures", systemClock.now(), LIMIT),
  dueIncidents: () => dueDocuments(database, "incidents", systemClock.now(), LIMIT),
  dueOutbox: () => dueDocuments(database, "outbox", systemClock.now(), LIMIT),
  publisher: createPublisher(config.GOOGLE_CLOUD_PROJECT),
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
