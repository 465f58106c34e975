import type { FaultOf } from "../faults/fault.ts";
import type { Random } from "../random.ts";
import type { Timers } from "../timers.ts";
import type { Deliver, Webhook } from "../webhooks/deliver.ts";
import { isWhatsApp, type Message } from "../world/message.ts";
import type { WhatsAppSenders } from "../world/whatsapp-sender.ts";

/** Tells the customer's application where a message got to. */
export interface Reporter {
  /** The message has just reached its current status. */
  reached(): void;
  /** No further status will come. */
  finished(): void;
}

export type Report = (message: Message, fault: FaultOf<"callbacks"> | undefined) => Reporter;

interface Deps {
  readonly deliver: Deliver;
  readonly random: Random;
  readonly timers: Timers;
  readonly whatsAppSenders: WhatsAppSenders;
}

const silent: Reporter = { reached: () => undefined, finished: () => undefined };

/** Without a fault each callback goes off at once and does not wait for the one before, as at Twilio. */
export function createReport({ deliver, random, timers, whatsAppSenders }: Deps): Report {
  return (message, fault) => {
    const url = message.statusCallback ?? senderCallback(message);
    if (url === null) return silent;
    const callback = () => webhookOf(message, url, random.hex(32));
    if (fault === undefined) return { reached: () => void deliver(callback()), finished: () => undefined };

    const copies = (webhook: Webhook) => new Array<Webhook>(1 + fault.duplicate).fill(webhook);
    const isLost = () => fault.lose === "all" || fault.lose.some((status) => status === message.status);
    const held: Webhook[] = [];
    let line = Promise.resolve();
    /** One after the other, so that what arrives is in the order asked for. */
    const send = (webhooks: readonly Webhook[]) => {
      const due = Promise.all([line, timers.pause(fault.delay_ms)]);
      line = due.then(async ([, isDue]) => {
        for (const webhook of isDue ? webhooks : []) await deliver(webhook);
      });
    };
    return {
      reached() {
        if (isLost()) return;
        if (fault.order === "in_order") send(copies(callback()));
        else held.push(...copies(callback()));
      },
      finished() {
        const all = held.splice(0);
        if (all.length > 0) send(fault.order === "reversed" ? all.reverse() : random.shuffled(all));
      },
    };
  };

  function senderCallback({ from, accountSid }: Message): string | null {
    if (from === null || !isWhatsApp(from)) return null;
    return whatsAppSenders.at(from, accountSid)?.webhook.statusCallbackUrl ?? null;
  }
}

function webhookOf(message: Message, url: string, idempotencyToken: string): Webhook {
  return {
    kind: "message-status",
    accountSid: message.accountSid,
    resourceSid: message.sid,
    event: message.status,
    url,
    method: "POST",
    parameters: parametersOf(message),
    idempotencyToken,
  };
}

/** Neither price nor segments: a callback never has them. */
function parametersOf(message: Message): Record<string, string> {
  const isFinal = message.status === "delivered" || message.status === "undelivered";
  const error = message.errorCode === null ? {} : { ErrorCode: String(message.errorCode) };
  return {
    MessageSid: message.sid,
    MessageStatus: message.status,
    SmsSid: message.sid,
    SmsStatus: message.status,
    AccountSid: message.accountSid,
    ...(message.from !== null && { From: message.from }),
    To: message.to,
    ApiVersion: "2010-04-01",
    ...(message.messagingServiceSid !== null && { MessagingServiceSid: message.messagingServiceSid }),
    ...error,
    ...(isWhatsApp(message.to)
      ? channelParameters(message)
      : isFinal && { RawDlrDoneDate: minuteOf(new Date()) }),
  };
}

function channelParameters(message: Message): Record<string, string> {
  return {
    ChannelPrefix: "whatsapp",
    ChannelToAddress: message.to,
    ...(message.status === "read" && { EventType: "READ" }),
    ...(message.errorCode !== null && { ChannelStatusMessage: `Channel error ${message.errorCode}` }),
  };
}

/** YYMMDDhhmm */
function minuteOf(date: Date): string {
  return date.toISOString().replace(/\D/g, "").slice(2, 12);
}
