import { cloudEvent } from "@google-cloud/functions-framework";
import { createAudit } from "#shared/audit/audit.ts";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createHandler } from "./handler.ts";
import { createSecurityNotice } from "./security-notice.ts";

const config = loadConfig(
  variables.pick({ GOOGLE_CLOUD_PROJECT: true, AUDIT_TRUSTED_PRINCIPALS: true, LOG_LEVEL: true }),
);
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const audit = createAudit({ database, clock, logger });
const tellSecurity = createSecurityNotice(database, clock);

cloudEvent(
  "audit-integration",
  eventFunction(createHandler({ audit, tellSecurity, trusted: config.AUDIT_TRUSTED_PRINCIPALS, logger }), {
    name: "audit-integration",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "redeliver",
  }),
);
