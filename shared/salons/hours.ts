import { DateTime } from "luxon";
import { type Salon, Weekday } from "./salon.ts";

/** When a message may go: at any time, only while the salon is open, or outside its quiet hours. */
export type Timing = "any_time" | "business_hours" | "no_quiet_hours";

export interface Sendable {
  readonly at: Date;
  /** Why it is later than asked for; null when it is not. */
  readonly reason: "business_hours" | "quiet_hours" | null;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** The first moment from `at` on when a message of this timing may go. */
export function sendableAt({
  salon,
  timing,
  at,
}: {
  readonly salon: Pick<Salon, "hours" | "time_zone" | "communication">;
  readonly timing: Timing;
  readonly at: Date;
}): Sendable {
  if (timing === "any_time") return { at, reason: null };
  if (timing === "no_quiet_hours") {
    const end = quietUntil(salon, at);
    return end === undefined ? { at, reason: null } : { at: end, reason: "quiet_hours" };
  }
  const opening = openingAfter(salon, at);
  return { at: opening, reason: opening > at ? "business_hours" : null };
}

/** `at` itself while the salon is open, else its next opening. One that lists no hours is always open. */
export function openingAfter({ hours, time_zone }: Pick<Salon, "hours" | "time_zone">, at: Date): Date {
  const spans = Weekday.options.flatMap((weekday, day) => {
    const opening = hours[weekday];
    return opening === undefined ? [] : [spanOf(day, opening.opens, opening.closes)];
  });
  return spans.length === 0 ? at : firstWithin(spans, time_zone, at);
}

/** When the quiet hours around `at` end; undefined outside them. */
export function quietUntil(
  { communication: { quiet_hours }, time_zone }: Pick<Salon, "communication" | "time_zone">,
  at: Date,
): Date | undefined {
  if (quiet_hours === null || quiet_hours.from === quiet_hours.until) return undefined;
  const { from, until } = quiet_hours;
  const spans = Weekday.options.map((_, day) => spanOf(day, until, from));
  const end = firstWithin(spans, time_zone, at);
  return end > at ? end : undefined;
}

/** A part of every week, as clocks on the wall show it. */
interface Span {
  /** Minutes since Monday began. */
  readonly start: number;
  readonly minutes: number;
}

/** From one time of a day to the next time it is the other; from a time to itself is a whole day. */
function spanOf(day: number, from: string, to: string): Span {
  const minutes = (minutesOf(to) - minutesOf(from) + DAY_MINUTES) % DAY_MINUTES;
  return { start: day * DAY_MINUTES + minutesOf(from), minutes: minutes === 0 ? DAY_MINUTES : minutes };
}

function minutesOf(time: string): number {
  const [hours, minutes] = time.split(":").map(Number);
  return (hours ?? 0) * 60 + (minutes ?? 0);
}

/**
 * `at` itself within a span, else the minute in which the next one begins. Time is counted on only as far as the zone
 * keeps its offset; where clocks are changed it is read off them again.
 */
function firstWithin(spans: readonly Span[], zone: string, at: Date): Date {
  for (let time = at.getTime(); ; ) {
    const minute = minuteOfWeek(zone, time);
    if (spans.some(({ start, minutes }) => minutesBetween(start, minute) < minutes)) return new Date(time);
    const wait = Math.min(...spans.map(({ start }) => minutesBetween(minute, start)));
    const from = time - (time % MINUTE_MS);
    const begin = from + wait * MINUTE_MS;
    if (offsetOf(zone, begin) === offsetOf(zone, from)) return new Date(begin);
    time = changeOfOffset(zone, from, begin);
  }
}

/** Forward from one minute of the week to another. */
function minutesBetween(from: number, to: number): number {
  return (to - from + WEEK_MINUTES) % WEEK_MINUTES;
}

function minuteOfWeek(zone: string, time: number): number {
  const { weekday, hour, minute } = DateTime.fromMillis(time, { zone });
  return (weekday - 1) * DAY_MINUTES + hour * 60 + minute;
}

function offsetOf(zone: string, time: number): number {
  return DateTime.fromMillis(time, { zone }).offset;
}

/** The first minute after `from`, and at latest `to`, in which the zone's offset is another. */
function changeOfOffset(zone: string, from: number, to: number): number {
  const offset = offsetOf(zone, from);
  let before = from;
  let after = to;
  while (after - before > MINUTE_MS) {
    const middle = before + Math.floor((after - before) / 2 / MINUTE_MS) * MINUTE_MS;
    if (offsetOf(zone, middle) === offset) before = middle;
    else after = middle;
  }
  return after;
}
