import type { Clock } from "#shared/core/clock.ts";
import { accountFingerprint, messageIdOf } from "#shared/core/ids.ts";
import { E164, type PartyOf, withoutChannelPrefix } from "#shared/core/phone.ts";
import type { Acceptance } from "#shared/messages/acceptance.ts";
import { inboundEntry } from "#shared/messages/billing.ts";
import type { InboundMessages } from "#shared/messages/inbound-store.ts";
import { isKeyword } from "#shared/messages/keywords.ts";
import type { InboundMessage } from "#shared/messages/message.ts";
import type { Handler } from "#shared/runtime/http-boundary.ts";
import type { Publisher } from "#shared/runtime/publisher.ts";
import { withSalonName } from "#shared/salons/communication-settings.ts";
import type { Salon } from "#shared/salons/salon.ts";
import type { Salons } from "#shared/salons/salons.ts";
import { emptyResponse } from "#shared/twilio/twiml.ts";
import { inboundMessageSchema } from "#shared/twilio/webhook-parameters.ts";
import { isReachedAt } from "#shared/webhooks/accounts.ts";
import { webhookSegments } from "#shared/webhooks/path.ts";
import { refusal, type VerifiedWebhook, type VerifyWebhook } from "#shared/webhooks/verification.ts";

export interface Deps {
  readonly verify: VerifyWebhook;
  readonly salons: Salons;
  readonly inbound: InboundMessages;
  readonly publisher: Publisher;
  readonly acceptance: Acceptance;
  readonly partyOf: PartyOf;
  readonly clock: Clock;
}

/** Stores a customer's message once and publishes it before Twilio is answered; the first one is greeted. */
export function createHandler({
  verify,
  salons,
  inbound,
  publisher,
  acceptance,
  partyOf,
  clock,
}: Deps): Handler {
  return async (request) => {
    const [claimedSalonId = ""] = webhookSegments(request.path, ["sms", "whatsapp"]);
    const webhook = await verify(request, claimedSalonId, (account, { To }) => isReachedAt(account, To));
    const salon = await salons.open(webhook.salonId);
    const message = await store(webhook, salon);
    await publish(message);
    if (message.greets) await greet(message, salon);
    const { salonId, tokenRole } = webhook;
    const log = { salonId, messageId: message.id, channel: message.channel, tokenRole };
    return { status: 200, type: "text/xml", body: emptyResponse(), log };
  };

  function store({ salonId, account, form }: VerifiedWebhook, salon: Salon): Promise<InboundMessage> {
    const received = inboundMessageSchema.safeParse(form).data;
    const to = E164.safeParse(withoutChannelPrefix(received?.to ?? "")).data;
    if (received === undefined || to === undefined) throw refusal();
    const from = withoutChannelPrefix(received.from);
    const message = {
      direction: "inbound",
      id: messageIdOf(salonId, `inbound:${received.messageSid}`),
      salon_id: salonId,
      twilio_sid: received.messageSid,
      account: accountFingerprint(account.accountSid),
      channel: received.to.startsWith("whatsapp:") ? "whatsapp" : "sms",
      from,
      to,
      party: partyOf(from),
      body: received.body,
      media: received.media.map(({ url, contentType }) => ({ url, content_type: contentType })),
      received_at: clock.now(),
    } as const;
    const billing = {
      segments: received.segments,
      timeZone: salon.time_zone,
      billedTo: account.owner === "salon_own" ? "own_account" : "platform",
    } as const;
    const greeting = salon.communication.whatsapp_greeting;
    const mayGreet =
      greeting !== null && received.details.opt_out_type === undefined && !isKeyword(received.body);
    return inbound.record(message, inboundEntry({ ...message, greets: false }, billing), { mayGreet });
  }

  /** At least once: who consumes it deduplicates by `event_id`. The text is in the message, the topic is private. */
  function publish(message: InboundMessage): Promise<void> {
    return publisher.publish("inbound-messages", message.twilio_sid, {
      version: 1,
      event_id: message.twilio_sid,
      message_id: message.id,
      salon_id: message.salon_id,
      channel: message.channel,
      from: message.from,
      to: message.to,
      body: message.body,
      media: message.media,
      received_at: message.received_at.toISOString(),
    });
  }

  async function greet(message: InboundMessage, salon: Salon): Promise<void> {
    const text = salon.communication.whatsapp_greeting;
    // A short code or a name can write to a salon, but nobody can answer it.
    const to = E164.safeParse(message.from).data;
    if (text === null || to === undefined) return;
    await acceptance.accept({
      salonId: message.salon_id,
      idempotencyKey: `greet:${message.twilio_sid}`,
      channel: message.channel,
      to,
      body: withSalonName(text, salon.name),
      purpose: "greeting",
    });
  }
}
