import { cloudEvent } from "@google-cloud/functions-framework";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createHeldMessages } from "#shared/messages/held.ts";
import { createPlatformAccounts } from "#shared/platform/accounts.ts";
import { createNumberPool } from "#shared/provisioning/number-pool.ts";
import { createProgressStore } from "#shared/provisioning/progress-store.ts";
import { createSaga } from "#shared/provisioning/saga.ts";
import { connectDelivery, DELIVERY_VARIABLES } from "#shared/routing/delivery-runtime.ts";
import { createTestMessage } from "#shared/routing/test-message.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { eventFunction } from "#shared/runtime/event-boundary.ts";
import { createHandler } from "./handler.ts";

const config = loadConfig(
  variables.pick({ ...DELIVERY_VARIABLES, NUMBER_COUNTRY: true, NUMBER_PURCHASES_PER_HOUR: true }),
);
const runtime = connectDelivery(config);
const { database, publisher, secrets, changes, vault, twilio, urls, clock, logger } = runtime;
const provision = createSaga({
  progress: createProgressStore(database, changes, clock),
  parents: createPlatformAccounts(secrets, twilio, config.PLATFORM_ACCOUNTS),
  pool: createNumberPool(database, clock, Math.random),
  twilio,
  vault,
  held: createHeldMessages(database, publisher, clock),
  webhooksFor: urls.ofNumber,
  sendTest: createTestMessage(runtime),
  numbers: { country: config.NUMBER_COUNTRY, purchasesPerHour: config.NUMBER_PURCHASES_PER_HOUR },
  clock,
  logger,
});

cloudEvent(
  "provision-salon",
  eventFunction(createHandler({ provision }), {
    name: "provision-salon",
    logger,
    deadLetters: createDeadLetters(database, clock),
    onFailure: "redeliver",
  }),
);
