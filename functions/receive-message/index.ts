import { http } from "@google-cloud/functions-framework";
import { createThreads } from "#shared/contacts/threads.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createInboundIntake } from "#shared/messages/inbound-intake.ts";
import { createInboundMessages } from "#shared/messages/inbound-store.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { createDeadLetters } from "#shared/runtime/dead-letters.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { MAX_WEBHOOK_BYTES } from "#shared/webhooks/limits.ts";
import { createWebhookRuntime } from "#shared/webhooks/webhook-runtime.ts";
import { createHandler } from "./handler.ts";
import { createPlatformInbox } from "./platform-inbox.ts";

const runtime = createWebhookRuntime("receive-message");
const { clock, database, logger } = runtime;
const publisher = createPublisher(runtime.projectId);
const messages = createOutboundMessages(database, clock);
const handler = createHandler({
  ...runtime,
  platformInbox: createPlatformInbox({
    ...runtime,
    threads: createThreads(runtime),
    deadLetters: createDeadLetters(database, clock),
  }),
  intake: createInboundIntake({
    ...runtime,
    inbound: createInboundMessages(database),
    publisher,
    acceptance: createAcceptance({ ...runtime, messages, publisher }),
  }),
});

http(
  "receive-message",
  httpFunction(handler, { name: "receive-message", logger, maxBodyBytes: MAX_WEBHOOK_BYTES }),
);
