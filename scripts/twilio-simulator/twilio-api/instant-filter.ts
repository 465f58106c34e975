import { given } from "./api-request.ts";
import { DAY_MS, isWholeDay, readInstant } from "./dates.ts";

/**
 * The filters on a date that v2010 writes as `DateSent`, `DateSent<` and `DateSent>`, both bounds included: they
 * read `DateSent<=…` and `DateSent>=…` in the URL. A thing without that date fits none of them.
 */
export function instantFilter(query: URLSearchParams, name: string): (instant: Date | null) => boolean {
  const on = given(query, name);
  const before = given(query, `${name}<`);
  const after = given(query, `${name}>`);
  if (on === undefined && before === undefined && after === undefined) return () => true;
  const from = Math.max(startOf(on) ?? -Infinity, startOf(after) ?? -Infinity);
  const to = Math.min(endOf(on) ?? Infinity, startOf(before) ?? Infinity);
  return (instant) => {
    if (instant === null) return false;
    // Twilio keeps whole seconds.
    const second = Math.floor(instant.getTime() / 1000) * 1000;
    return second >= from && second <= to;
  };
}

function startOf(text: string | undefined): number | undefined {
  return text === undefined ? undefined : Math.floor(readInstant(text).getTime() / 1000) * 1000;
}

function endOf(text: string | undefined): number | undefined {
  const start = startOf(text);
  if (text === undefined || start === undefined) return undefined;
  return isWholeDay(text) ? start + DAY_MS - 1000 : start;
}
