import { json } from "../http/reply.ts";
import type { Courier } from "../messaging/courier.ts";
import { presentCall } from "../twilio-api/calls.ts";
import { presentMessage } from "../twilio-api/messages.ts";
import type { RequestCounts } from "../twilio-api/request-counts.ts";
import type { WebhookLog } from "../webhooks/log.ts";
import { isWhatsApp } from "../world/message.ts";
import type { World } from "../world/world.ts";
import { AdminError, type AdminHandler } from "./admin-request.ts";

interface Deps {
  readonly world: World;
  readonly log: WebhookLog;
  readonly counts: RequestCounts;
  readonly courier: Courier;
}

/** The truth, over all accounts and without any lag. */
export function createInspection({
  world,
  log,
  counts,
  courier,
}: Deps): Record<"messages" | "calls" | "read" | "webhooks" | "requests", AdminHandler> {
  return {
    messages({ query }) {
      const to = query.get("to");
      const from = query.get("from");
      const accountSid = query.get("account_sid");
      const found = [...world.messages.all()].filter(
        (message) =>
          (to === null || message.to === to) &&
          (from === null || message.from === from) &&
          (accountSid === null || message.accountSid === accountSid),
      );
      const present = found.map((message) => ({
        ...presentMessage(message),
        created_at: message.dateCreated.toISOString(),
        status_callback: message.statusCallback,
        content_sid: message.contentSid,
      }));
      return json(200, { messages: present });
    },
    calls({ query }) {
      const to = query.get("to");
      const found = world.calls.all().filter((call) => to === null || call.to === to);
      return json(200, { calls: found.map(presentCall) });
    },
    read({ pathParameters }) {
      const message = world.messages.find(pathParameters.get("Sid") ?? "");
      if (message === undefined) throw new AdminError("sid", "sid: no such message", 404);
      if (!isWhatsApp(message.to) || message.status !== "delivered") {
        throw new AdminError("sid", "sid: only a WhatsApp message that is delivered can be read", 409);
      }
      courier.markRead(message);
      return json(200, presentMessage(message));
    },
    webhooks: () => json(200, { webhooks: log.entries() }),
    requests: () => json(200, { requests: counts.all() }),
  };
}
