import { CallId } from "#shared/calls/outbound-call.ts";
import { MessageId } from "#shared/core/ids.ts";
import { IdempotencyKey } from "#shared/messages/send-request.ts";
import { describeRoutes, headerParameter } from "#shared/runtime/openapi.ts";
import type { Route } from "./routes.ts";

/** The routes as OpenAPI 3.1, whose schemas are JSON Schema 2020-12. */
export function openApi(routes: readonly Route[]) {
  return describeRoutes(routes, {
    title: "Salon Flow Messaging: messages of salons",
    description:
      "What services of the platform do for the salons they may act for. Any other salon is unknown to them.",
    token: { name: "serviceToken", format: "Google ID token of a service account, with its e-mail" },
    parameters: { messageId: MessageId, callId: CallId },
    describe: ({ note, isKeyed }) => ({
      ...(note === undefined ? {} : { description: note }),
      ...(isKeyed ? { parameters: [headerParameter("Idempotency-Key", IdempotencyKey)] } : {}),
    }),
  });
}
