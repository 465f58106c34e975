import { SegmentedMessage } from "sms-segments-calculator";
import { dayIn } from "#shared/core/time.ts";
import { rateCardOn } from "#shared/ledger/rate-card.ts";
import type { OutboundMessage } from "./message.ts";

/** What a message says, and what it costs to send. */
export interface Preview {
  readonly text: string;
  /** How SMS writes the text: 160 characters a segment as GSM-7, 70 as UCS-2. Null for WhatsApp. */
  readonly encoding: "GSM-7" | "UCS-2" | null;
  /** As a reader counts them. */
  readonly characters: number;
  /** Of an SMS; of WhatsApp, the one message. */
  readonly segments: number;
  /** As the ledger will have it: by the card alone, which knows neither other countries nor media. */
  readonly price: { readonly micros: number; readonly currency: string; readonly rate_card: string };
}

/** By the rate card of the day on which it goes. Who sends through their own Twilio account pays Twilio and not us. */
export function previewOf(
  message: OutboundMessage,
  { ownAccount }: { readonly ownAccount: boolean },
): Preview {
  const { channel, body, segments, time_zone, send_at, accepted_at } = message;
  const card = rateCardOn(dayIn(time_zone, send_at ?? accepted_at));
  const each = card.unit_cost_micros[channel === "sms" ? "sms_outbound" : "whatsapp_outbound"];
  const sms = new SegmentedMessage(body);
  return {
    text: body,
    encoding: channel === "sms" ? sms.encodingName : null,
    characters: sms.graphemes.length,
    segments,
    price: { micros: ownAccount ? 0 : each * segments, currency: card.currency, rate_card: card.id },
  };
}
