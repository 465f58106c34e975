import { http } from "@google-cloud/functions-framework";
import { createCalls } from "#shared/calls/call-store.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { MAX_WEBHOOK_BYTES } from "#shared/webhooks/limits.ts";
import { createWebhookRuntime } from "#shared/webhooks/webhook-runtime.ts";
import { createHandler } from "./handler.ts";

const runtime = createWebhookRuntime("receive-status");
const { clock, database, logger } = runtime;
const handler = createHandler({
  ...runtime,
  messages: createOutboundMessages(database, clock),
  calls: createCalls(database, clock),
});

http(
  "receive-status",
  httpFunction(handler, { name: "receive-status", logger, maxBodyBytes: MAX_WEBHOOK_BYTES }),
);
