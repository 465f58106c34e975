import { z } from "zod";
import { json, noContent, type Reply } from "../http/reply.ts";
import type { Timers } from "../timers.ts";
import { isE164 } from "../world/e164.ts";
import { numberOf } from "../world/message.ts";
import { noWebhook, type SenderWebhook, type WhatsAppSender } from "../world/whatsapp-sender.ts";
import type { World } from "../world/world.ts";
import { type ApiHandler, type ApiRequest, pathParameter } from "./api-request.ts";
import { TwilioError } from "./error.ts";

const Url = z.string().nullable().optional();
const Webhook = z.looseObject({
  callback_url: Url,
  callback_method: z.enum(["POST", "PUT"]).optional(),
  fallback_url: Url,
  fallback_method: z.enum(["POST", "PUT"]).optional(),
  status_callback_url: Url,
  status_callback_method: z.string().optional(),
});
const Anything = z.record(z.string(), z.unknown()).optional();
const Update = z.looseObject({ configuration: Anything, webhook: Webhook.optional(), profile: Anything });
const Create = Update.extend({ sender_id: z.string() });

/** How long Meta takes to approve a sender: days in life, a moment here. */
const APPROVAL_MS = 50;

type Operations = Record<"create" | "list" | "fetch" | "update" | "remove", ApiHandler>;

/** messaging.twilio.com /v2/Channels/Senders: the one resource here that speaks JSON. */
export function createSenderResource({ whatsAppSenders }: World, timers: Timers): Operations {
  function found(request: ApiRequest): WhatsAppSender {
    const sender = whatsAppSenders.find(pathParameter(request, "Sid"));
    if (sender?.accountSid === request.account.sid) return sender;
    throw new TwilioError(20404, `The requested resource ${request.path} was not found`);
  }
  return {
    create({ account, body }) {
      const wanted = parsed(Create, body);
      const address = wanted.sender_id;
      if (!address.startsWith("whatsapp:") || !isE164(numberOf(address))) {
        throw new TwilioError(20001, "sender_id must be whatsapp: and a number in E.164 format");
      }
      if (whatsAppSenders.at(address) !== undefined)
        throw new TwilioError(20409, `${address} is registered already`);
      const { configuration = {}, profile = {} } = wanted;
      const webhook = merged(noWebhook, wanted.webhook);
      const sender = whatsAppSenders.add({
        accountSid: account.sid,
        address,
        status: "CREATING",
        configuration,
        profile,
        webhook,
      });
      timers.after(APPROVAL_MS, () => {
        sender.status = "ONLINE";
      });
      return json(202, presentSender(sender));
    },
    list: ({ account, path, query }): Reply => {
      const senders = query.get("Channel") === "whatsapp" ? whatsAppSenders.ofAccount(account.sid) : [];
      const url = `https://messaging.twilio.com${path}?${query}`;
      const meta = {
        page: 0,
        page_size: 50,
        first_page_url: url,
        previous_page_url: null,
        url,
        next_page_url: null,
        key: "senders",
      };
      return json(200, { meta, senders: senders.map(presentSender) });
    },
    fetch: (request) => json(200, presentSender(found(request))),
    update(request) {
      const sender = found(request);
      const wanted = parsed(Update, request.body);
      sender.webhook = merged(sender.webhook, wanted.webhook);
      sender.configuration = { ...sender.configuration, ...wanted.configuration };
      sender.profile = { ...sender.profile, ...wanted.profile };
      return json(202, presentSender(sender));
    },
    remove(request) {
      whatsAppSenders.remove(found(request));
      return noContent;
    },
  };
}

function parsed<Shape>(shape: z.ZodType<Shape>, body: string): Shape {
  try {
    return shape.parse(inSnakeCase(JSON.parse(body)));
  } catch {
    throw new TwilioError(20001, "The body must be JSON as the Senders API describes it");
  }
}

/** Twilio describes these bodies in snake_case, while its own client for Node sends camelCase: both are taken. */
function inSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSnakeCase);
  if (typeof value !== "object" || value === null) return value;
  const renamed = Object.entries(value).map(([key, inner]) => [
    key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    inSnakeCase(inner),
  ]);
  return Object.fromEntries(renamed);
}

function merged(current: SenderWebhook, wanted: z.infer<typeof Webhook> | undefined): SenderWebhook {
  if (wanted === undefined) return current;
  const or = <Value>(value: Value | undefined, standard: Value) => (value === undefined ? standard : value);
  return {
    callbackUrl: or(wanted.callback_url, current.callbackUrl),
    callbackMethod: or(wanted.callback_method, current.callbackMethod),
    fallbackUrl: or(wanted.fallback_url, current.fallbackUrl),
    fallbackMethod: or(wanted.fallback_method, current.fallbackMethod),
    statusCallbackUrl: or(wanted.status_callback_url, current.statusCallbackUrl),
    statusCallbackMethod: or(wanted.status_callback_method, current.statusCallbackMethod),
  };
}

function presentSender({ sid, address, status, configuration, webhook, profile }: WhatsAppSender) {
  return {
    sid,
    status,
    sender_id: address,
    friendly_name: null,
    configuration,
    webhook: {
      callback_url: webhook.callbackUrl,
      callback_method: webhook.callbackMethod,
      fallback_url: webhook.fallbackUrl,
      fallback_method: webhook.fallbackMethod,
      status_callback_url: webhook.statusCallbackUrl,
      status_callback_method: webhook.statusCallbackMethod,
    },
    profile: presentProfile(profile),
    properties: { quality_rating: "HIGH", messaging_limit: "1K Customers/24hr" },
    offline_reasons: null,
    compliance: null,
    url: `https://messaging.twilio.com/v2/Channels/Senders/${sid}`,
  };
}

function presentProfile(profile: Record<string, unknown>) {
  const { websites, emails, ...rest } = profile;
  return {
    ...rest,
    ...(Array.isArray(websites) && { websites: labelled(websites, "website") }),
    ...(Array.isArray(emails) && { emails: labelled(emails, "email") }),
  };
}

/** Asked for as plain strings, answered with labels. */
function labelled(values: readonly unknown[], key: string) {
  return values.map((value) => (typeof value === "string" ? { [key]: value, label: "Work" } : value));
}
