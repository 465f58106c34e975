import { http } from "@google-cloud/functions-framework";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createInboundMessages } from "#shared/messages/inbound-store.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { MAX_WEBHOOK_BYTES } from "#shared/webhooks/limits.ts";
import { createWebhookRuntime } from "#shared/webhooks/webhook-runtime.ts";
import { createHandler } from "./handler.ts";

const runtime = createWebhookRuntime();
const { clock, database, logger } = runtime;
const publisher = createPublisher(runtime.projectId);
const messages = createOutboundMessages(database, clock);
const handler = createHandler({
  ...runtime,
  inbound: createInboundMessages(database),
  publisher,
  acceptance: createAcceptance({ ...runtime, messages, publisher }),
});

http(
  "receive-message",
  httpFunction(handler, { name: "receive-message", logger, maxBodyBytes: MAX_WEBHOOK_BYTES }),
);
