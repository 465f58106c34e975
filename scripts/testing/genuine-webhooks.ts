import type { Random } from "#scripts/twilio-simulator/random.ts";
import type { Calls } from "#shared/calls/call-store.ts";
import { type Clock, plusSeconds } from "#shared/core/clock.ts";
import { accountFingerprint, sha256Hex } from "#shared/core/ids.ts";
import { E164 } from "#shared/core/phone.ts";
import type { OutboundMessages } from "#shared/messages/outbound-store.ts";
import { outboundCall } from "./outbound-call.ts";
import { newAttempt, outboundMessage } from "./outbound-message.ts";
import { type BenchSalon, PLATFORM_NUMBERS } from "./webhook-bench.ts";
import { one, type Webhook } from "./webhook-mutations.ts";

export type WebhookReceiver = "receive-message" | "receive-call" | "receive-status";
export interface GenuineWebhook {
  readonly to: WebhookReceiver;
  readonly webhook: Webhook;
}

interface Parts {
  readonly messages: OutboundMessages;
  readonly calls: Calls;
  readonly clock: Clock;
  readonly main: { readonly accountSid: string; readonly authToken: string };
  /** What customers' numbers begin with; four digits follow. */
  readonly customers: string;
}

/** Of each kind. They take turns, so that hardly ever two webhooks of one are on their way at the same moment. */
const STORED = 100;
const LEASE_SECONDS = 86_400;
const MESSAGE_STATES = ["queued", "sending", "sent", "delivered", "undelivered", "failed", "read"];
const CALL_STATES = [
  "initiated",
  "ringing",
  "in-progress",
  "completed",
  "busy",
  "no-answer",
  "failed",
  "canceled",
];
const KEYS = ["1", "2", "3", "9", "0", "*", ""];

/**
 * Webhooks as they should be, of every kind there is, many of them of messages and calls that are on record and change
 * by them. Each comes from a customer who is hardly ever the same.
 */
export async function storeForWebhooks(salons: readonly BenchSalon[], parts: Parts) {
  const { main, customers } = parts;
  const stored = await Promise.all(
    salons.flatMap((salon) =>
      Array.from({ length: STORED / salons.length }, (_, index) => storeOne(salon, index, parts)),
    ),
  );
  let turn = 0;

  return (random: Random): GenuineWebhook => {
    turn += 1;
    const { salon, ...known } = stored[turn % stored.length] ?? one(stored, random);
    const { salonId, accountSid, authToken, number } = salon;
    const From = `${customers}${String(random.below(10_000)).padStart(4, "0")}`;
    const ours = { AccountSid: accountSid, From, To: number };
    const outgoing = { AccountSid: accountSid, From: number, To: From };
    const message = { MessageSid: random.sid("SM"), Body: "Hello", NumMedia: "0", NumSegments: "1" };
    const call = { CallSid: random.sid("CA"), CallStatus: "ringing", Direction: "inbound" };
    const heard = { ...ours, ...call, CallSid: known.heardSid, CallStatus: "in-progress" };
    const placed = { ...outgoing, CallSid: known.placedSid, Direction: "outbound-api" };
    const state = { AccountSid: accountSid, MessageStatus: one(MESSAGE_STATES, random) };
    const unknown = { ...state, MessageSid: random.sid("SM") };
    const kept = { ...outgoing, ...state, MessageSid: known.messageSid };
    const unknownPath = `status/${salonId}/${random.hex(40)}/1`;
    const keptPath = `status/${salonId}/${known.messageId}/1`;
    const ended = { CallStatus: one(CALL_STATES, random), CallDuration: String(random.below(600)) };
    const of = (to: WebhookReceiver, path: string, form: Webhook["form"], more: Partial<Webhook> = {}) => ({
      to,
      webhook: { path: `/webhooks/twilio/${path}`, kind: "form" as const, token: authToken, form, ...more },
    });
    const step = (path: string, form: Webhook["form"]) =>
      of("receive-call", `voice/${salonId}/${path}`, form);
    const Digits = one(KEYS, random);
    return one<() => GenuineWebhook>(
      [
        () => of("receive-message", `sms/${salonId}`, { ...ours, ...message }),
        () => of("receive-message", `whatsapp/${salonId}`, { ...ours, ...message }, { kind: "query" }),
        () =>
          of(
            "receive-message",
            "sms/platform",
            { AccountSid: main.accountSid, From, To: PLATFORM_NUMBERS.default, ...message },
            { token: main.authToken },
          ),
        () => of("receive-call", `voice/${salonId}`, { ...ours, ...call }),
        () => step("language/en/1/0", { ...heard, Digits }),
        () => step(`menu/en/${1 + random.below(30)}/${random.below(3)}`, { ...heard, Digits }),
        () => step("transferred/en/3/0", { ...heard, DialCallStatus: one(["completed", "busy"], random) }),
        () => step("recorded/en/4/0", heard),
        () =>
          step("recording", {
            AccountSid: accountSid,
            CallSid: known.heardSid,
            RecordingSid: known.recordingSid,
            RecordingStatus: "completed",
            RecordingDuration: "12",
          }),
        () => step(`reminder/${known.callId}/1`, { ...placed, CallStatus: "in-progress" }),
        () => step(`reminder/${known.callId}/1/key`, { ...placed, CallStatus: "in-progress", Digits }),
        () => of("receive-status", unknownPath, unknown),
        () => of("receive-status", keptPath, kept),
        () => of("receive-status", keptPath, kept, { kind: "json" }),
        () => of("receive-status", keptPath, kept, { kind: "query" }),
        () => of("receive-status", `status/${salonId}/calls/${known.callId}/1`, { ...placed, ...ended }),
        () => of("receive-status", `status/${salonId}`, { ...heard, ...ended }),
      ],
      random,
    )();
  };
}

/** A message and a call that Twilio has been asked for, and a customer's call. */
async function storeOne(salon: BenchSalon, index: number, { messages, calls, clock }: Parts) {
  const { salonId, number } = salon;
  const account = accountFingerprint(salon.accountSid);
  const accepted_at = clock.now();
  const asked = {
    salon_id: salonId,
    idempotency_key: `stored-${index}`,
    accepted_at,
    due_at: accepted_at,
    expires_at: plusSeconds(accepted_at, LEASE_SECONDS),
  };
  const message = outboundMessage(asked);
  const call = outboundCall(asked);
  const sid = (prefix: string, of: string) =>
    `${prefix}${sha256Hex(of, salonId, String(index)).slice(0, 32)}`;
  const heardSid = sid("CA", "heard");
  await messages.create(message);
  await messages.claim(message.id, newAttempt({ account, sender: number }), LEASE_SECONDS);
  await calls.outbound.create(call);
  const attempt = { source: "platform_subaccount", account, sender: E164.parse(number) } as const;
  await calls.outbound.claim(call.id, attempt, LEASE_SECONDS);
  await calls.report({
    salonId,
    callSid: heardSid,
    account,
    direction: "inbound",
    party: "party-of-the-caller",
    state: "ringing",
    durationSeconds: undefined,
    timeZone: "Asia/Kolkata",
    billedTo: "platform",
  });
  return {
    ...{ salon, messageId: message.id, callId: call.id, heardSid },
    ...{ messageSid: sid("SM", "sent"), placedSid: sid("CA", "placed"), recordingSid: sid("RE", "left") },
  };
}
