import type { Clock } from "#shared/core/clock.ts";
import { accountFingerprint, PLATFORM_SEGMENT } from "#shared/core/ids.ts";
import type { LogFields } from "#shared/core/logger.ts";
import type { InboundIntake } from "#shared/messages/inbound-intake.ts";
import type { Recorded } from "#shared/messages/inbound-store.ts";
import type { Handler, Reply } from "#shared/runtime/http-boundary.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { emptyResponse } from "#shared/twilio/twiml.ts";
import { inboundMessageSchema } from "#shared/twilio/webhook-parameters.ts";
import { isReachedAt } from "#shared/webhooks/accounts.ts";
import { webhookSegments } from "#shared/webhooks/path.ts";
import { refusal } from "#shared/webhooks/refusal.ts";
import type { VerifiedWebhook, VerifyWebhook } from "#shared/webhooks/verification.ts";
import type { PlatformInbox } from "./platform-inbox.ts";

export interface Deps {
  readonly verify: VerifyWebhook;
  readonly platformInbox: PlatformInbox;
  readonly salons: Salons;
  readonly intake: InboundIntake;
  readonly clock: Clock;
}

/**
 * Stores a customer's message once and publishes it before Twilio is answered; what answers it by itself is accepted by
 * then as well. What fails on the way is a 5xx: Twilio comes again, with the same MessageSid, and the rest is done.
 */
export function createHandler({ verify, platformInbox, salons, intake, clock }: Deps): Handler {
  return async (request) => {
    const [segment = ""] = webhookSegments(request.path, ["sms", "whatsapp"]);
    const webhook =
      segment === PLATFORM_SEGMENT
        ? await platformInbox(request)
        : await verify(request, segment, (account, { To }) => isReachedAt(account, To));
    if (webhook === undefined) return answered({ outcome: "nobody" });
    const salon = await salons.openForMessages(webhook.salonId);
    const { message, isNew } = await take(webhook, salon);
    const { salonId, tokenRole } = webhook;
    const repeated = isNew ? {} : { outcome: "repeated" };
    const log = { salonId, messageId: message.id, channel: message.channel, tokenRole, ...repeated };
    return answered(log);
  };

  async function take({ salonId, account, form }: VerifiedWebhook, salon: Salon): Promise<Recorded> {
    const received = inboundMessageSchema.safeParse(form).data;
    if (received === undefined) throw refusal();
    const { messageSid: sid, from, to, body, segments, media, details } = received;
    const recorded = await intake.take({
      ...{ salonId, salon, sid, from, to, body, segments, media, details },
      account: accountFingerprint(account.accountSid),
      billedTo: account.owner === "salon_own" ? "own_account" : "platform",
      isShared: account.owner === "platform_default",
      receivedAt: clock.now(),
    });
    if (recorded === undefined) throw refusal();
    return recorded;
  }
}

function answered(log: LogFields): Reply {
  return { status: 200, type: "text/xml", body: emptyResponse(), log };
}
