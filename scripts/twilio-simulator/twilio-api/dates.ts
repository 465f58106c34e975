import { TwilioError } from "./error.ts";

/** `Thu, 30 Jul 2015 20:12:31 +0000`, as v2010 writes dates. */
export function rfc2822(date: Date): string {
  return date.toUTCString().replace("GMT", "+0000");
}

/** Reads a date or a time as Twilio does: without a zone it is GMT, without a time midnight. */
export function readInstant(text: string): Date {
  const hasZone = /(Z|GMT|UTC|[A-Z]{3}|[+-]\d{2}:?\d{2})$/i.test(text) || /^\d{4}-\d{2}-\d{2}$/.test(text);
  const instant = new Date(hasZone ? text : `${text.replace(" ", "T")}Z`);
  if (Number.isNaN(instant.getTime())) throw new TwilioError(20001, `Invalid date: ${text}`);
  return instant;
}

export function isWholeDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text);
}

export const DAY_MS = 86_400_000;
