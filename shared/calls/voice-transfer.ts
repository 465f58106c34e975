import { E164 } from "#shared/core/phone.ts";
import type { Salon } from "#shared/salons/salon.ts";

export interface Incoming {
  readonly from: string | undefined;
  readonly to: string;
  /** The numbers that reach the salon by way of us. */
  readonly salonNumbers: readonly string[];
}

export interface Transfer {
  readonly number: E164;
  /** What the salon's phone shows, and what Twilio lets us show: the caller's number, or the one they called. */
  readonly callerId: string;
}

/** Where a caller who books is put through; undefined where there is nobody, or only ourselves again. */
export function transferOf({ communication }: Salon, incoming: Incoming): Transfer | undefined {
  const number = E164.safeParse(communication.voice_transfer_number).data;
  if (number === undefined || incoming.salonNumbers.includes(number)) return undefined;
  const caller = E164.safeParse(incoming.from).data;
  // India takes calls from abroad only under a number of another country, and who withholds theirs has none to show.
  const mayBeShown = caller !== undefined && !(isIndian(caller) && isIndian(number));
  return { number, callerId: mayBeShown ? caller : incoming.to };
}

function isIndian(number: E164): boolean {
  return number.startsWith("+91");
}
