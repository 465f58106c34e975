import { http } from "@google-cloud/functions-framework";
import { createVoicemails } from "#shared/calls/voicemails.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createAuthenticate } from "#shared/identity/authenticate.ts";
import { createAuthorize } from "#shared/identity/membership.ts";
import { createOwnAccounts } from "#shared/own-account/create-own-accounts.ts";
import { rotationReminder } from "#shared/reminders/rotation.ts";
import { connectDelivery, DELIVERY_VARIABLES } from "#shared/routing/delivery-runtime.ts";
import { createTestMessage } from "#shared/routing/test-message.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createErasureRequests } from "#shared/salon-data/erasure-requests.ts";
import { createSalonExport } from "#shared/salon-data/export.ts";
import { allowOrigin } from "./cors.ts";
import { createHandler } from "./handler.ts";
import { createPlatformRequests } from "./platform-requests.ts";
import { createReadView } from "./read-view.ts";
import { createListenTo } from "./voicemail-sound.ts";

const config = loadConfig(
  variables.pick({
    ...DELIVERY_VARIABLES,
    FIREBASE_AUTH_EMULATOR_HOST: true,
    DASHBOARD_ORIGIN: true,
    TRUSTED_PROXY_HOPS: true,
  }),
);
const runtime = connectDelivery(config);
const { projectId, database, salons, integrations, audit, changes, vault, twilio, urls, clock, logger } =
  runtime;
const ownAccounts = createOwnAccounts({
  database,
  integrations,
  audit,
  rotationReminder,
  salons,
  vault,
  twilio,
  urls,
  sendTest: createTestMessage(runtime),
  clock,
  logger,
});
const voicemails = createVoicemails(database);

const handler = createHandler({
  authenticate: createAuthenticate({ projectId, clock }),
  authorize: createAuthorize(database, salons),
  trustedProxyHops: config.TRUSTED_PROXY_HOPS,
  readView: createReadView({ database, integrations, vault, urls, clock }),
  platform: createPlatformRequests(changes),
  ownAccounts,
  exportSalon: createSalonExport({ database, audit }),
  erasures: createErasureRequests({ database, audit, clock, logger }),
  voicemails,
  listenTo: createListenTo({ voicemails, integrations, vault, twilio, clock }),
});

http(
  "manage-integration",
  allowOrigin(
    config.DASHBOARD_ORIGIN,
    httpFunction(handler, { name: "manage-integration", logger, maxBodyBytes: 16_384 }),
  ),
);
