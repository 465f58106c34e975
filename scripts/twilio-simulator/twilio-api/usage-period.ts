import { TwilioError } from "./error.ts";

/** First and last day, both included, as YYYY-MM-DD in GMT. */
export interface Period {
  readonly start: string;
  readonly end: string;
}

export type Subresource =
  | "Daily"
  | "Monthly"
  | "Yearly"
  | "AllTime"
  | "Today"
  | "Yesterday"
  | "ThisMonth"
  | "LastMonth";

/** The periods of a usage list, newest first; `asked` narrows those that do not name their own. */
export function periodsOf(
  subresource: Subresource | undefined,
  asked: Period,
  today: string,
): readonly Period[] {
  const month = today.slice(0, 7);
  switch (subresource) {
    case "Today":
      return [{ start: today, end: today }];
    case "Yesterday":
      return [{ start: shifted(today, -1), end: shifted(today, -1) }];
    case "ThisMonth":
      return [{ start: `${month}-01`, end: today }];
    case "LastMonth": {
      const end = shifted(`${month}-01`, -1);
      return [{ start: `${end.slice(0, 7)}-01`, end }];
    }
    case "Daily":
      return split(asked, 10);
    case "Monthly":
      return split(asked, 7);
    case "Yearly":
      return split(asked, 4);
    default:
      return [asked];
  }
}

/** `2026-11-01`, or an offset from today such as `-30days`. */
export function readDay(text: string, today: string): string {
  const offset = /^([+-]\d{1,5})days?$/.exec(text)?.[1];
  if (offset !== undefined) return shifted(today, Number(offset));
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text))) return text;
  throw new TwilioError(20001, `Invalid date: ${text}`);
}

function shifted(day: string, days: number): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** Days that share their first characters are one period: 10 of them a day, 7 a month, 4 a year. */
function split({ start, end }: Period, characters: 10 | 7 | 4): Period[] {
  const periods: Period[] = [];
  let last = end;
  for (let day = end; day >= start; day = shifted(day, -1)) {
    const before = shifted(day, -1);
    if (before >= start && before.slice(0, characters) === day.slice(0, characters)) continue;
    periods.push({ start: day, end: last });
    last = before;
  }
  return periods;
}
