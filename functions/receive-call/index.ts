import { http } from "@google-cloud/functions-framework";
import { createCalls } from "#shared/calls/call-store.ts";
import { createContacts } from "#shared/contacts/contacts.ts";
import { createAcceptance } from "#shared/messages/acceptance.ts";
import { createOutboundMessages } from "#shared/messages/outbound-store.ts";
import { httpFunction } from "#shared/runtime/http-boundary.ts";
import { createPublisher } from "#shared/runtime/publisher.ts";
import { MAX_WEBHOOK_BYTES } from "#shared/webhooks/limits.ts";
import { createWebhookRuntime } from "#shared/webhooks/webhook-runtime.ts";
import { createSendBookingLink } from "./booking-link.ts";
import { createHandler } from "./handler.ts";

const runtime = createWebhookRuntime("receive-call");
const { clock, database, logger } = runtime;
const publisher = createPublisher(runtime.projectId);
const contacts = createContacts(database);
const messages = createOutboundMessages(database, clock);
const acceptance = createAcceptance({ ...runtime, messages, publisher });
const handler = createHandler({
  ...runtime,
  calls: createCalls(database, clock),
  contacts,
  sendBookingLink: createSendBookingLink({ ...runtime, acceptance, contacts }),
});

http(
  "receive-call",
  httpFunction(handler, { name: "receive-call", logger, maxBodyBytes: MAX_WEBHOOK_BYTES }),
);
