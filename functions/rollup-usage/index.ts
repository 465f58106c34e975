import { cloudEvent } from "@google-cloud/functions-framework";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createRollup } from "#shared/usage/rollup.ts";
import { createHandler } from "./handler.ts";

const config = loadConfig(variables.pick({ GOOGLE_CLOUD_PROJECT: true, LOG_LEVEL: true }));
const logger = createLogger({ level: config.LOG_LEVEL });
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);

cloudEvent(
  "rollup-usage",
  eventFunction(createHandler({ rollup: createRollup(database, systemClock, logger) }), {
    name: "rollup-usage",
    logger,
    deadLetters: createDeadLetters(database, systemClock),
    onFailure: "acknowledge",
  }),
);
