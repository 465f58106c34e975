import type { Call } from "./call.ts";
import { isWhatsApp, type Message } from "./message.ts";

/**
 * Prices in 1/100,000 of a dollar. The figures are plausible and made up: what matters is that they come late, as
 * negative strings, and differ by country, channel and direction.
 */
const OUTBOUND_SMS_SEGMENT = new Map([
  ["+1", 790],
  ["+44", 4000],
  ["+91", 8320],
]);
const OUTBOUND_SMS_ELSEWHERE = 5000;
const INBOUND_SMS_SEGMENT = 790;
const MMS = 2000;
const WHATSAPP_MESSAGE = 500;
const INBOUND_CALL_MINUTE = 850;
const OUTBOUND_CALL_MINUTE = 1400;
export const NUMBER_MONTH = 115_000;

export function messagePrice(
  message: Pick<Message, "to" | "direction" | "numSegments" | "mediaUrls">,
): number {
  if (isWhatsApp(message.to)) return WHATSAPP_MESSAGE;
  if (message.mediaUrls.length > 0) return MMS;
  if (message.direction === "inbound") return INBOUND_SMS_SEGMENT * message.numSegments;
  const rate = [...OUTBOUND_SMS_SEGMENT].find(([prefix]) => message.to.startsWith(prefix))?.[1];
  return (rate ?? OUTBOUND_SMS_ELSEWHERE) * message.numSegments;
}

export function callPrice(direction: Call["direction"], durationSeconds: number): number {
  const minutes = Math.ceil(durationSeconds / 60);
  return minutes * (direction === "inbound" ? INBOUND_CALL_MINUTE : OUTBOUND_CALL_MINUTE);
}

/** Twilio writes a charge as a negative decimal string. */
export function chargeText(price: number | null): string | null {
  return price === null ? null : `-${decimalText(price)}`;
}

export function decimalText(price: number): string {
  const digits = String(price).padStart(6, "0");
  return `${digits.slice(0, -5)}.${digits.slice(-5)}`;
}
