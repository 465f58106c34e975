import { z } from "zod";
import { nothingWhen404, type Request } from "./request.ts";
import type { OwnHosts } from "./sdk.ts";

/** Where Twilio turns to when a sender is written to. Empty text where nothing is set. */
export interface SenderWebhooks {
  readonly callbackUrl: string;
  readonly callbackMethod: string;
  readonly fallbackUrl: string;
  readonly fallbackMethod: string;
  readonly statusCallbackUrl: string;
  readonly statusCallbackMethod: string;
}

export interface WhatsAppSender {
  readonly sid: string;
  /** E.164. */
  readonly number: string;
  /** As Twilio names it; a sender that can be used is `ONLINE` or `ONLINE:UPDATING`. */
  readonly status: string;
  readonly webhooks: SenderWebhooks;
}

/** The WhatsApp numbers registered with the account. The sandbox is not among them. */
export interface WhatsAppSenders {
  listWhatsAppSenders(): Promise<WhatsAppSender[]>;
  findWhatsAppSender(sid: string): Promise<WhatsAppSender | undefined>;
  /** Sets all of its webhooks; empty text clears one. Twilio takes it in at once and puts it in force a little later. */
  configureWhatsAppSender(sid: string, webhooks: SenderWebhooks): Promise<void>;
}

/** An account has 20 senders, 50 by exception. */
const MOST_SENDERS = 200;

export function createWhatsAppSenders(hosts: OwnHosts, request: Request): WhatsAppSenders {
  const senders = async () => (await hosts.messaging()).v2.channelsSenders;
  return {
    listWhatsAppSenders: () =>
      request(z.array(senderSchema), async () =>
        (await senders()).list({ channel: "whatsapp", limit: MOST_SENDERS }),
      ),
    findWhatsAppSender: (sid) =>
      nothingWhen404(request(senderSchema, async () => (await senders())(sid).fetch())),
    configureWhatsAppSender: async (sid, webhooks) => {
      await request(z.looseObject({ sid: z.string() }), async () =>
        (await hosts.messaging()).v2.update({
          uri: `/Channels/Senders/${encodeURIComponent(sid)}`,
          method: "post",
          headers: { "Content-Type": "application/json", Accept: "application/json" },
          data: { webhook: inTwiliosWords(webhooks) },
        }),
      );
    },
  };
}

/** The SDK would send its own camelCase; Twilio describes this body in snake_case. */
function inTwiliosWords(webhooks: SenderWebhooks) {
  const orNothing = (value: string) => (value === "" ? null : value);
  return {
    callback_url: orNothing(webhooks.callbackUrl),
    callback_method: orNothing(webhooks.callbackMethod),
    fallback_url: orNothing(webhooks.fallbackUrl),
    fallback_method: orNothing(webhooks.fallbackMethod),
    status_callback_url: orNothing(webhooks.statusCallbackUrl),
    status_callback_method: orNothing(webhooks.statusCallbackMethod),
  };
}

const text = z
  .string()
  .nullish()
  .transform((value) => value ?? "");

const senderSchema = z
  .object({
    sid: z.string(),
    senderId: z.string(),
    status: z.string(),
    webhook: z
      .object({
        callbackUrl: text,
        callbackMethod: text,
        fallbackUrl: text,
        fallbackMethod: text,
        statusCallbackUrl: text,
        statusCallbackMethod: text,
      })
      .nullish(),
  })
  .transform(
    ({ sid, senderId, status, webhook }): WhatsAppSender => ({
      sid,
      number: senderId.replace(/^whatsapp:/, ""),
      status,
      webhooks: webhook ?? NONE,
    }),
  );

const NONE: SenderWebhooks = {
  callbackUrl: "",
  callbackMethod: "",
  fallbackUrl: "",
  fallbackMethod: "",
  statusCallbackUrl: "",
  statusCallbackMethod: "",
};
