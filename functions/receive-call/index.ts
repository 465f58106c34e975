import { http } from "@google-cloud/functions-framework";
import { createCalls } from "#shared/calls/call-store.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { MAX_WEBHOOK_BYTES } from "#shared/webhooks/limits.ts";
import { createWebhookRuntime } from "#shared/webhooks/webhook-runtime.ts";
import { createHandler } from "./handler.ts";

const runtime = createWebhookRuntime("receive-call");
const { clock, database, logger } = runtime;
const handler = createHandler({
  ...runtime,
  calls: createCalls(database, clock),
  publisher: createPublisher(runtime.projectId),
});

http(
  "receive-call",
  httpFunction(handler, { name: "receive-call", logger, maxBodyBytes: MAX_WEBHOOK_BYTES }),
);
