import { type LedgerRow, ledgerRow, ledgerRowId, reversalOf } from "#shared/ledger/row.ts";
import type { Attempt, InboundMessage, OutboundMessage } from "./message.ts";

export interface Entry {
  readonly id: string;
  readonly row: LedgerRow;
}

/** The ledger row of an attempt that Twilio has taken: SMS by the segment, WhatsApp by the message. */
export function outboundEntry(message: OutboundMessage, attemptNumber: number, at: Date): Entry | undefined {
  const attempt = message.attempts[attemptNumber - 1];
  if (attempt === undefined || attempt.sid === null || attempt.channel === "email") return undefined;
  const kind = kindOf(attempt);
  const row = ledgerRow({
    salonId: message.salon_id,
    kind,
    quantity: kind === "sms_outbound" ? message.segments : 1,
    twilioSid: attempt.sid,
    account: attempt.account,
    billedTo: attempt.source === "salon_own" ? "own_account" : "platform",
    timeZone: message.time_zone,
    at,
    messageId: message.id,
  });
  return { id: ledgerRowId(attempt.sid, kind), row };
}

/** Where the ledger has the row of a SID that an attempt may have. */
export function outboundRowId({ attempts }: OutboundMessage, attemptNumber: number, sid: string): string {
  return ledgerRowId(sid, kindOf(attempts[attemptNumber - 1]));
}

function kindOf(attempt: Attempt | undefined): "sms_outbound" | "whatsapp_outbound" {
  return attempt?.channel === "whatsapp" ? "whatsapp_outbound" : "sms_outbound";
}

/** Twilio does not charge for what it reports as `failed`, so neither do we. */
export function reversalEntry({ row }: Entry, at: Date): Entry {
  return { id: ledgerRowId(row.twilio_sid, row.kind, "reversal"), row: reversalOf(row, at) };
}

/** The ledger row of a message that a customer sent. */
export function inboundEntry(
  message: InboundMessage,
  context: { segments: number; timeZone: string; billedTo: LedgerRow["billed_to"] },
): Entry {
  const kind = message.channel === "sms" ? "sms_inbound" : "whatsapp_inbound";
  const row = ledgerRow({
    salonId: message.salon_id,
    kind,
    quantity: kind === "sms_inbound" ? Math.max(1, context.segments) : 1,
    twilioSid: message.twilio_sid,
    account: message.account,
    billedTo: context.billedTo,
    timeZone: context.timeZone,
    at: message.received_at,
    messageId: message.id,
  });
  return { id: ledgerRowId(message.twilio_sid, kind), row };
}
