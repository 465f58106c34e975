import type { Faults } from "../faults/faults.ts";
import type { Random } from "../random.ts";
import { readTwiml } from "../twiml/twiml.ts";
import type { Deliver, Delivery, Webhook } from "../webhooks/deliver.ts";
import { countryOf } from "../world/e164.ts";
import { contentTypeOf } from "../world/media-type.ts";
import { isWhatsApp, type Message, numberOf } from "../world/message.ts";
import type { MessagingService } from "../world/messaging-service.ts";
import type { World } from "../world/world.ts";
import type { Courier } from "./courier.ts";
import { newMessage, segmentsOf } from "./new-message.ts";

export interface InboundMessage {
  readonly accountSid: string;
  readonly from: string;
  readonly to: string;
  readonly body: string;
  readonly mediaUrls: readonly string[];
  /** How often the same message is delivered, all at once. */
  readonly copies: number;
  /** Further webhook parameters, which win over ours. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Received {
  readonly message: Message;
  readonly deliveries: readonly Delivery[];
}

export type Receive = (inbound: InboundMessage) => Promise<Received>;

interface Deps {
  readonly world: World;
  readonly faults: Faults;
  readonly courier: Courier;
  readonly deliver: Deliver;
  readonly random: Random;
}

/** A customer writes to one of the numbers: keeps the message, calls the webhook and sends what it replies. */
export function createReceive({ world, faults, courier, deliver, random }: Deps): Receive {
  return async (inbound) => {
    const { accountSid, from, to, body, mediaUrls } = inbound;
    const subject = { to, accountSids: [accountSid] };
    const service = serviceFor(to);
    const message = newMessage(
      world,
      faults,
      {
        accountSid,
        direction: "inbound",
        from,
        to,
        body,
        status: "received",
        messagingServiceSid: service?.sid ?? null,
        mediaUrls,
        contentSid: null,
        statusCallback: null,
      },
      subject,
    );
    message.numSegments = segmentsOf(to, body, false);
    if (service?.inboundRequestUrl === null && !service.useInboundWebhookOnNumber) {
      // The service takes no messages in: they are not delivered, and Twilio keeps no record of them.
      world.messages.remove(message);
      return { message, deliveries: [] };
    }
    courier.rate(message, subject);
    if (!isWhatsApp(to)) world.optOuts.heed(from, to, body);

    const address = addressFor(message, service);
    const isLost = address !== undefined && faults.strike(["inbound_lost"], subject) !== undefined;
    if (address === undefined || isLost) return { message, deliveries: [] };
    const webhook: Webhook = {
      kind: "inbound-message",
      accountSid,
      resourceSid: message.sid,
      event: "received",
      ...address,
      parameters: { ...parametersOf(message), ...inbound.parameters },
      idempotencyToken: random.hex(32),
    };
    const deliveries = await Promise.all(Array.from({ length: inbound.copies }, () => deliver(webhook)));
    for (const delivery of deliveries) sendReplies(message, delivery);
    return { message, deliveries };
  };

  function serviceFor(to: string): MessagingService | undefined {
    const number = world.numbers.find(to);
    return number === undefined ? undefined : world.messagingServices.holding(number);
  }

  /** Undefined where nobody has asked to be told. */
  function addressFor(message: Message, service: MessagingService | undefined): Address | undefined {
    if (isWhatsApp(message.to)) {
      const webhook = world.whatsAppSenders.at(message.to, message.accountSid)?.webhook;
      if (webhook === undefined || webhook.callbackUrl === null) return undefined;
      const fallback =
        webhook.fallbackUrl === null ? undefined : { url: webhook.fallbackUrl, method: "POST" as const };
      return { url: webhook.callbackUrl, method: "POST", fallback };
    }
    if (service !== undefined && !service.useInboundWebhookOnNumber) return addressOf(service);
    const number = world.numbers.find(message.to);
    // An application takes the place of the URLs, and the simulator knows of no applications.
    if (number === undefined || number.smsUrl === "" || number.smsApplicationSid !== null) return undefined;
    const fallback = { url: number.smsFallbackUrl, method: number.smsFallbackMethod };
    return { url: number.smsUrl, method: number.smsMethod, fallback };
  }

  function sendReplies(message: Message, { status, contentType, body }: Delivery) {
    if (status === null || status >= 400) return;
    const twiml = readTwiml(contentType, body);
    if (!twiml.ok) return;
    for (const verb of twiml.verbs) {
      if (verb.name !== "Message") continue;
      const inner = verb.children.find(({ name }) => name === "Body");
      const media = verb.children.filter(({ name }) => name === "Media").map(({ text }) => text);
      const subject = { to: message.from ?? "", accountSids: [message.accountSid] };
      const reply = newMessage(
        world,
        faults,
        {
          accountSid: message.accountSid,
          direction: "outbound-reply",
          from: message.to,
          to: message.from ?? "",
          body: inner?.text ?? verb.text,
          status: "queued",
          messagingServiceSid: null,
          mediaUrls: media,
          contentSid: null,
          statusCallback: verb.attributes.get("action") ?? null,
        },
        subject,
      );
      courier.carry(reply, subject);
    }
  }
}

type Address = Pick<Webhook, "url" | "method" | "fallback">;

function addressOf(service: MessagingService): Address | undefined {
  if (service.inboundRequestUrl === null) return undefined;
  const fallback =
    service.fallbackUrl === null ? undefined : { url: service.fallbackUrl, method: service.fallbackMethod };
  return { url: service.inboundRequestUrl, method: service.inboundMethod, fallback };
}

function parametersOf(message: Message): Record<string, string> {
  const from = message.from ?? "";
  const media = message.mediaUrls.flatMap((url, index) => [
    [`MediaUrl${index}`, url],
    [`MediaContentType${index}`, contentTypeOf(url)],
  ]);
  return {
    ToCountry: countryOf(numberOf(message.to)),
    FromCountry: countryOf(numberOf(from)),
    MessageSid: message.sid,
    SmsSid: message.sid,
    SmsMessageSid: message.sid,
    SmsStatus: "received",
    AccountSid: message.accountSid,
    From: from,
    To: message.to,
    Body: message.body,
    NumMedia: String(message.mediaUrls.length),
    NumSegments: String(message.numSegments),
    ApiVersion: "2010-04-01",
    ...(message.messagingServiceSid !== null && { MessagingServiceSid: message.messagingServiceSid }),
    ...Object.fromEntries(media),
    ...(isWhatsApp(from) && { ProfileName: "Customer", WaId: numberOf(from).slice(1), MessageType: "text" }),
  };
}
