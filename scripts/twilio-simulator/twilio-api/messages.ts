import type { Faults, Subject } from "../faults/faults.ts";
import { json, noContent } from "../http/reply.ts";
import type { Courier } from "../messaging/courier.ts";
import { newMessage, segmentsOf } from "../messaging/new-message.ts";
import { errorMessageOf } from "../messaging/outcome.ts";
import { isFinished, isWhatsApp, type Message } from "../world/message.ts";
import { chargeText } from "../world/prices.ts";
import type { World } from "../world/world.ts";
import { type ApiHandler, type ApiRequest, given, pathParameter } from "./api-request.ts";
import { rfc2822 } from "./dates.ts";
import { describeCode, errorReply, TwilioError } from "./error.ts";
import { instantFilter } from "./instant-filter.ts";
import { readMessageForm } from "./message-form.ts";
import { pageOf } from "./paging.ts";
import { requireActive } from "./require-active.ts";

interface Deps {
  readonly world: World;
  readonly faults: Faults;
  readonly courier: Courier;
}

type Operations = Record<"create" | "list" | "fetch" | "update" | "remove", ApiHandler>;

export function createMessageResource({ world, faults, courier }: Deps): Operations {
  const { messages, numbers, optOuts, whatsAppSenders } = world;

  function found(request: ApiRequest): Message {
    const message = messages.find(pathParameter(request, "Sid"));
    if (message?.accountSid === request.account.sid) return message;
    throw new TwilioError(20404, `The requested resource ${request.path} was not found`);
  }

  /** A Messaging Service sends from what the account has; the simulator takes the first that can. */
  function senderFor(accountSid: string, to: string): string | undefined {
    if (isWhatsApp(to))
      return whatsAppSenders.ofAccount(accountSid).find(({ status }) => status === "ONLINE")?.address;
    return numbers.ofAccount(accountSid).find(({ capabilities }) => capabilities.sms)?.phoneNumber;
  }

  return {
    create(request) {
      const { account, form } = request;
      requireActive(world, account);
      const wanted = readMessageForm(world, account, form);
      const subject: Subject = {
        method: request.method,
        path: request.path,
        to: wanted.to,
        accountSids: [account.sid, request.caller.sid],
      };
      const from = wanted.from ?? senderFor(account.sid, wanted.to);
      if (from === undefined) throw new TwilioError(21703);
      if (optOuts.has(wanted.to, from)) throw new TwilioError(21610);
      const refusal = faults.strike(["recipient"], { ...subject, surface: "sync" });
      if (refusal !== undefined)
        return errorReply({ code: refusal.error_code, ...describeCode(refusal.error_code) });

      const { messagingServiceSid, sendAt, smartEncoded, ...draft } = wanted;
      const status =
        sendAt !== undefined ? "scheduled" : messagingServiceSid !== null ? "accepted" : "queued";
      const base = {
        accountSid: account.sid,
        direction: "outbound-api",
        status,
        messagingServiceSid,
      } as const;
      const message = newMessage(world, faults, { ...draft, ...base, smartEncoded }, subject);
      const reply = json(201, presentMessage(message));
      // The answer comes before the service has chosen the sender, and with it the encoding.
      message.from = from;
      message.numSegments = segmentsOf(message.to, message.body, smartEncoded);
      courier.carry(message, subject, sendAt);
      return reply;
    },
    list(request) {
      const { query, account } = request;
      const to = given(query, "To");
      const from = given(query, "From");
      const sentWithin = instantFilter(query, "DateSent");
      const now = world.now().getTime();
      const isWanted = (message: Message) =>
        message.listedFrom <= now &&
        (to === undefined || message.to === to) &&
        (from === undefined || message.from === from) &&
        sentWithin(message.dateSent);
      return pageOf(request, {
        key: "messages",
        items: only(messages.ofAccount(account.sid), isWanted),
        tokenOf: ({ sid }) => sid,
        present: presentMessage,
      });
    },
    fetch: (request) => json(200, presentMessage(found(request))),
    update(request) {
      const message = found(request);
      const status = given(request.form, "Status");
      if (status !== undefined) {
        if (status !== "canceled") throw new TwilioError(20001, "Status can only be changed to canceled");
        if (!["accepted", "scheduled", "queued"].includes(message.status)) throw new TwilioError(30409);
        courier.cancel(message);
      }
      const body = request.form.get("Body");
      if (body !== null) {
        if (body !== "")
          throw new TwilioError(20001, "Body can only be changed to an empty string, which redacts it");
        if (!isFinished(message.status))
          throw new TwilioError(20009, "A message can be redacted only when it is complete");
        message.body = "";
        message.dateUpdated = new Date();
      }
      return json(200, presentMessage(message));
    },
    remove(request) {
      const message = found(request);
      if (!isFinished(message.status)) throw new TwilioError(20009);
      messages.remove(message);
      return noContent;
    },
  };
}

/** Lazily, so that the first page of a long history costs no more than a page. */
function* only<Item>(items: Iterable<Item>, isWanted: (item: Item) => boolean): Generator<Item> {
  for (const item of items) if (isWanted(item)) yield item;
}

export function presentMessage(message: Message) {
  const uri = `/2010-04-01/Accounts/${message.accountSid}/Messages/${message.sid}`;
  return {
    body: message.body,
    num_segments: String(message.numSegments),
    direction: message.direction,
    from: message.from,
    to: message.to,
    date_updated: rfc2822(message.dateUpdated),
    price: chargeText(message.price),
    error_message: errorMessageOf(message),
    uri: `${uri}.json`,
    account_sid: message.accountSid,
    num_media: String(message.mediaUrls.length),
    status: message.status,
    messaging_service_sid: message.messagingServiceSid,
    sid: message.sid,
    date_sent: message.dateSent === null ? null : rfc2822(message.dateSent),
    date_created: rfc2822(message.dateCreated),
    error_code: message.errorCode,
    price_unit: "USD",
    api_version: "2010-04-01",
    subresource_uris: { media: `${uri}/Media.json` },
  };
}
