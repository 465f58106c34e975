import { cloudEvent } from "@google-cloud/functions-framework";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createReminders } from "#shared/reminders/reminders.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createHandler } from "./handler.ts";

const config = loadConfig(variables.pick({ GOOGLE_CLOUD_PROJECT: true, LOG_LEVEL: true }));
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);

cloudEvent(
  "remind-rotation",
  eventFunction(createHandler({ remind: createReminders({ database, clock, logger }) }), {
    name: "remind-rotation",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "acknowledge",
  }),
);
