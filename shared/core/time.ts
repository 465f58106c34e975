import { DateTime } from "luxon";

/** The day in an IANA zone as YYYY-MM-DD. */
export function dayIn(zone: string, instant: Date): string {
  return DateTime.fromJSDate(instant, { zone }).toFormat("yyyy-MM-dd");
}

/** The day in GMT, by which Twilio's Usage Records are kept. */
export function utcDay(instant: Date): string {
  return instant.toISOString().slice(0, 10);
}

/** Whether an IANA zone of this name exists. */
export function isZone(zone: string): boolean {
  return DateTime.local({ zone }).isValid;
}
