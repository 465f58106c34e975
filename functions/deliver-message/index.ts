import { cloudEvent } from "@google-cloud/functions-framework";
import { loadConfig, variables } from "#shared/core/config.ts";
import { connectDelivery, DELIVERY_VARIABLES } from "#shared/routing/delivery-runtime.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createMailer } from "#shared/runtime/mailer.ts";
import { createHandler } from "./handler.ts";

const config = loadConfig(variables.pick({ ...DELIVERY_VARIABLES, SMTP_URL: true, MAIL_FROM: true }));
const mailer = createMailer({ smtpUrl: config.SMTP_URL, from: config.MAIL_FROM });
const { delivery, database, clock, logger } = connectDelivery(config, { mailer });

cloudEvent(
  "deliver-message",
  eventFunction(createHandler({ delivery }), {
    name: "deliver-message",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "acknowledge",
  }),
);
