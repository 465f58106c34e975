import { http } from "@google-cloud/functions-framework";
import { createAudit } from "#shared/audit/audit.ts";
import { createCalls } from "#shared/calls/call-store.ts";
import { createContacts } from "#shared/contacts/contacts.ts";
import { createThreads } from "#shared/contacts/threads.ts";
import { loadConfig, variables } from "#shared/core/config.ts";
import { createAccountCheck } from "#shared/health/account-check.ts";
import { createAccountHealth } from "#shared/health/account-health.ts";
import { createIncidents } from "#shared/health/incidents.ts";
import { createAnnouncer } from "#shared/messages/announcer.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createConsequences } from "#shared/routing/consequences.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { createIntegrationChanges } from "#shared/salons/integration-changes.ts";
import { createTwilio } from "#shared/twilio/account.ts";
import { MAX_WEBHOOK_BYTES } from "#shared/webhooks/limits.ts";
import { createWebhookRuntime } from "#shared/webhooks/webhook-runtime.ts";
import { createHandler } from "./handler.ts";

const runtime = createWebhookRuntime("receive-status");
const { clock, database, logger } = runtime;
const publisher = createPublisher(runtime.projectId);
const changes = createIntegrationChanges({ ...runtime, audit: createAudit(runtime) });
const { TWILIO_API_BASE_URL: apiBaseUrl } = loadConfig(variables.pick({ TWILIO_API_BASE_URL: true }));
const health = createAccountHealth({
  ...runtime,
  incidents: createIncidents({ ...runtime, changes }),
  check: createAccountCheck({ ...runtime, twilio: createTwilio({ apiBaseUrl, logger }) }),
});
const handler = createHandler({
  ...runtime,
  messages: createOutboundMessages(database, clock),
  calls: createCalls(database, clock),
  announcer: createAnnouncer(publisher),
  drawConsequences: createConsequences({
    contacts: createContacts(database),
    threads: createThreads(runtime),
    health,
    clock,
  }),
  publisher,
});

http(
  "receive-status",
  httpFunction(handler, { name: "receive-status", logger, maxBodyBytes: MAX_WEBHOOK_BYTES }),
);
