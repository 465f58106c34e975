import { randomUUID } from "node:crypto";
import { cloudEvent } from "@google-cloud/functions-framework";
import { systemClock } from "#shared/core/clock.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createLogger } from "#shared/core/logger.ts";
import { createEmail } from "#shared/notifications/email.ts";
import { createSecurityWebhook } from "#shared/notifications/security-webhook.ts";
import { createSender } from "#shared/notifications/sender.ts";
import { createSlack } from "#shared/notifications/slack.ts";
import { createNotifications } from "#shared/notifications/store.ts";
import { createDatabase } from "#shared/runtime/database.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createContacts } from "./contacts.ts";
import { createHandler } from "./handler.ts";

const config = loadConfig(
  variables.pick({
    GOOGLE_CLOUD_PROJECT: true,
    SMTP_URL: true,
    MAIL_FROM: true,
    SLACK_WEBHOOK_URL: true,
    SECURITY_WEBHOOK_URL: true,
    SECURITY_WEBHOOK_SECRET: true,
    LOG_LEVEL: true,
  }),
);
const logger = createLogger({ level: config.LOG_LEVEL });
const clock = systemClock;
const database = createDatabase(config.GOOGLE_CLOUD_PROJECT);
const sender = createSender({
  notifications: createNotifications(database, clock),
  contactOf: createContacts(database),
  channels: {
    email: createEmail({ smtpUrl: config.SMTP_URL, from: config.MAIL_FROM }),
    slack: createSlack(config.SLACK_WEBHOOK_URL),
    webhook: createSecurityWebhook({
      url: config.SECURITY_WEBHOOK_URL,
      secret: config.SECURITY_WEBHOOK_SECRET,
      clock,
    }),
  },
  logger,
  newHolder: randomUUID,
});

cloudEvent(
  "send-notification",
  eventFunction(createHandler({ sender }), {
    name: "send-notification",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "acknowledge",
  }),
);
