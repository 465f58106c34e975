import { z } from "zod";
import { json, noContent } from "../http/reply.ts";
import type { Receive } from "../messaging/inbound.ts";
import { RichMessage, richParameters } from "../messaging/rich-message.ts";
import type { CallPlans } from "../voice/call-plans.ts";
import { USUAL_DIAL, USUAL_VOICEMAIL } from "../voice/conversation.ts";
import type { Ring } from "../voice/inbound-call.ts";
import { isE164 } from "../world/e164.ts";
import { isWhatsApp, numberOf } from "../world/message.ts";
import { SANDBOX_ADDRESS } from "../world/whatsapp-sender.ts";
import type { World } from "../world/world.ts";
import { accountFor } from "./accounts.ts";
import { AdminError, type AdminHandler, readBody } from "./admin-request.ts";

const Address = z
  .string()
  .refine(
    (address) => isE164(numberOf(address)),
    "must be a phone number in E.164 format, for example +14155550123",
  );
const InboundMessage = RichMessage.extend({
  to: Address,
  from: Address,
  body: z.string().max(1600).default(""),
  copies: z.number().int().min(1).max(100).default(1),
  channel: z.enum(["sms", "whatsapp"]).optional(),
  media_urls: z.array(z.url()).max(10).default([]),
  /** Which account is meant when `to` is the WhatsApp sandbox, which many share. */
  account_sid: z.string().optional(),
  params: z.record(z.string(), z.string()).default({}),
});
const Digits = z.string().regex(/^[0-9*#]*$/, "must be digits, * or #");
const CallSeconds = z.number().int().min(0).max(86_400);
const InboundCall = z.strictObject({
  to: Address,
  /** Who withholds their number is `anonymous`. */
  from: z.union([z.literal("anonymous"), Address]),
  digits: z.array(Digits).default([]),
  /** In place of `digits`, of who does more than press keys. */
  answers: z
    .array(
      z.union([
        z.strictObject({ digits: Digits }),
        z.strictObject({ speech: z.string().min(1) }),
        z.strictObject({ silence: z.literal(true) }),
        z.strictObject({ hangup: z.literal(true) }),
      ]),
    )
    .optional(),
  dial: z
    .strictObject({
      status: z.enum(["completed", "busy", "no-answer", "failed", "canceled"]).default(USUAL_DIAL.status),
      seconds: CallSeconds.default(USUAL_DIAL.seconds),
    })
    .prefault({}),
  voicemail: z
    .strictObject({
      seconds: CallSeconds.default(USUAL_VOICEMAIL.seconds),
      hangs_up: z.boolean().default(USUAL_VOICEMAIL.hangsUp),
    })
    .prefault({}),
  duration_seconds: CallSeconds.default(30),
});

const Plan = z.strictObject({
  to: Address,
  outcome: z.enum(["answered", "busy", "no-answer", "failed"]).default("answered"),
  digits: InboundCall.shape.digits,
  duration_seconds: InboundCall.shape.duration_seconds,
  times: z.number().int().positive().optional(),
});

interface Deps {
  readonly world: World;
  readonly receive: Receive;
  readonly ring: Ring;
  readonly plans: CallPlans;
}

/** What a customer does with their phone. */
export function createCustomerAdmin({
  world,
  receive,
  ring,
  plans,
}: Deps): Record<"write" | "call" | "plan", AdminHandler> {
  const { numbers, whatsAppSenders } = world;

  function requireActiveOwner(accountSid: string) {
    const status = world.accounts.statusOf(accountFor(world, accountSid));
    if (status !== "active")
      throw new AdminError(
        "to",
        `to: the account of this number is ${status}; Twilio delivers nothing to it`,
      );
  }

  function ownerOf(to: string, accountSid: string | undefined): string {
    if (!isWhatsApp(to)) {
      const number = numbers.find(to);
      if (number === undefined)
        throw new AdminError(
          "to",
          "to: no account owns this number; POST /simulator/numbers gives it to one",
        );
      return number.accountSid;
    }
    const senders = whatsAppSenders.all().filter(({ address }) => address === to);
    const sender =
      accountSid === undefined ? senders[0] : senders.find((each) => each.accountSid === accountSid);
    if (sender === undefined) {
      throw new AdminError(
        "to",
        "to: this is no WhatsApp sender; register it with POST /v2/Channels/Senders or POST /simulator/whatsapp-senders",
      );
    }
    if (to === SANDBOX_ADDRESS && accountSid === undefined && senders.length > 1) {
      throw new AdminError("account_sid", "account_sid: several accounts use the sandbox; say which");
    }
    return sender.accountSid;
  }

  return {
    async write(request) {
      const { channel, copies, media_urls, params, account_sid, ...wanted } = readBody(
        InboundMessage,
        request,
      );
      // WhatsApp shows what stood on the button as the text.
      const body = wanted.body === "" ? (wanted.button?.text ?? "") : wanted.body;
      const overWhatsApp = channel === "whatsapp" || isWhatsApp(wanted.to);
      const prefixed = (address: string) => (overWhatsApp ? `whatsapp:${numberOf(address)}` : address);
      const [to, from] = [prefixed(wanted.to), prefixed(wanted.from)];
      if (isWhatsApp(from) && channel === "sms")
        throw new AdminError("channel", "channel: from is a WhatsApp address");
      const accountSid = ownerOf(to, account_sid);
      requireActiveOwner(accountSid);
      const { message, deliveries } = await receive({
        accountSid,
        to,
        from,
        body,
        mediaUrls: media_urls,
        copies,
        parameters: { ...richParameters(wanted, to), ...params },
      });
      return json(200, {
        message_sid: message.sid,
        account_sid: accountSid,
        deliveries: deliveries.map((delivery) => ({
          status: delivery.status,
          body: delivery.body,
          attempts: delivery.attempts,
          used_fallback: delivery.usedFallback,
        })),
      });
    },
    plan(request) {
      const { to, duration_seconds: durationSeconds, ...plan } = readBody(Plan, request);
      plans.add(to, { ...plan, durationSeconds });
      return noContent;
    },
    async call(request) {
      const { to, from, dial, voicemail, duration_seconds, ...asked } = readBody(InboundCall, request);
      const number = numbers.find(to);
      if (number === undefined)
        throw new AdminError(
          "to",
          "to: no account owns this number; POST /simulator/numbers gives it to one",
        );
      if (!number.capabilities.voice) throw new AdminError("to", "to: this number takes no calls");
      requireActiveOwner(number.accountSid);
      const { call, steps, recordingStatuses, statusCallbackStatus } = await ring({
        number,
        from,
        answers: asked.answers ?? asked.digits.map((digits) => ({ digits })),
        dial,
        voicemail: { seconds: voicemail.seconds, hangsUp: voicemail.hangs_up },
        durationSeconds: duration_seconds,
      });
      return json(200, {
        call_sid: call.sid,
        call_status: call.status,
        steps,
        recording_callback_statuses: recordingStatuses,
        status_callback_status: statusCallbackStatus,
      });
    },
  };
}
