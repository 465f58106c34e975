import { DateTime } from "luxon";
import type { Language } from "#shared/salons/communication-settings.ts";
import { openingAfter } from "#shared/salons/hours.ts";
import { type Salon, Weekday } from "#shared/salons/salon.ts";
import { SPOKEN } from "./spoken.ts";

interface HoursWords {
  readonly unlisted: string;
  readonly openNow: string;
  readonly closedNow: string;
  readonly today: string;
  readonly tomorrow: string;
  readonly onDay: string;
  readonly span: string;
  readonly allDay: string;
  readonly closedOn: string;
  readonly twoDays: string;
  readonly manyDays: string;
  readonly time: string;
}

const WORDS: Readonly<Record<Language, HoursWords>> = {
  en: {
    unlisted: "Our opening hours are not listed.",
    openNow: "We are open now.",
    closedNow: "We are closed now. We open again {day} at {time}.",
    today: "today",
    tomorrow: "tomorrow",
    onDay: "on {day}",
    span: "{days} from {opens} to {closes}.",
    allDay: "{days} around the clock.",
    closedOn: "{days} closed.",
    twoDays: "{first} and {last}",
    manyDays: "{first} to {last}",
    time: "{hour} {period}",
  },
  hi: {
    unlisted: "हमारे खुलने का समय दर्ज नहीं है।",
    openNow: "हम अभी खुले हैं।",
    closedNow: "हम अभी बंद हैं। हम {day} {time} बजे फिर खुलेंगे।",
    today: "आज",
    tomorrow: "कल",
    onDay: "{day} को",
    span: "{days} {opens} बजे से {closes} बजे तक।",
    allDay: "{days} चौबीसों घंटे।",
    closedOn: "{days} बंद।",
    twoDays: "{first} और {last}",
    manyDays: "{first} से {last}",
    time: "{period} {hour}",
  },
  te: {
    unlisted: "మా పని వేళలు నమోదు కాలేదు.",
    openNow: "మేము ఇప్పుడు తెరిచి ఉన్నాము.",
    closedNow: "మేము ఇప్పుడు మూసి ఉన్నాము. మేము {day} {time} గంటలకు మళ్ళీ తెరుస్తాము.",
    today: "ఈ రోజు",
    tomorrow: "రేపు",
    onDay: "{day}",
    span: "{days} {opens} గంటల నుండి {closes} గంటల వరకు.",
    allDay: "{days} ఇరవై నాలుగు గంటలు.",
    closedOn: "{days} సెలవు.",
    twoDays: "{first} మరియు {last}",
    manyDays: "{first} నుండి {last} వరకు",
    time: "{period} {hour}",
  },
};

/** A Monday, for the names of the days. */
const MONDAY = { year: 2024, month: 1, day: 1 };

/** Whether the salon is open, and its week, days of the same hours together. */
export function spokenHours(salon: Salon, language: Language, now: Date): string[] {
  const words = WORDS[language];
  const groups = groupsOf(salon);
  if (groups.every(({ opening }) => opening === undefined)) return [words.unlisted];
  const isOpen = openingAfter(salon, now) <= now;
  const week = groups.map((group) => groupText(group, language));
  return [isOpen ? words.openNow : closedNow(salon, language, now), ...week];
}

/** Says that the salon is closed and when it opens, by the clock in its own zone. */
export function closedNow(salon: Salon, language: Language, now: Date): string {
  const words = WORDS[language];
  const opening = inZone(openingAfter(salon, now), salon, language);
  const days = opening.startOf("day").diff(inZone(now, salon, language).startOf("day"), "days").days;
  const near = [words.today, words.tomorrow][Math.round(days)];
  const day = near ?? filled(words.onDay, { day: opening.toLocaleString({ weekday: "long" }) });
  return filled(words.closedNow, { day, time: spokenTime(opening, language) });
}

interface Group {
  readonly first: number;
  readonly last: number;
  readonly opening: Salon["hours"][Weekday];
}

/** Neighbours with the same hours, from Monday on. */
function groupsOf({ hours }: Salon): Group[] {
  const groups: Group[] = [];
  for (const [day, weekday] of Weekday.options.entries()) {
    const opening = hours[weekday];
    const before = groups.at(-1);
    const isSame = before?.opening?.opens === opening?.opens && before?.opening?.closes === opening?.closes;
    if (before !== undefined && isSame) groups[groups.length - 1] = { ...before, last: day };
    else groups.push({ first: day, last: day, opening });
  }
  return groups;
}

function groupText({ first, last, opening }: Group, language: Language): string {
  const words = WORDS[language];
  const name = (day: number) =>
    DateTime.fromObject(MONDAY, { locale: SPOKEN[language].language }).plus({ days: day }).weekdayLong ?? "";
  const ends = { first: name(first), last: name(last) };
  const days =
    first === last ? ends.first : filled(last - first === 1 ? words.twoDays : words.manyDays, ends);
  if (opening === undefined) return filled(words.closedOn, { days });
  if (opening.opens === opening.closes) return filled(words.allDay, { days });
  const [opens, closes] = [opening.opens, opening.closes].map((time) =>
    spokenTime(
      DateTime.fromISO(`2024-01-01T${time}`, { zone: "utc", locale: SPOKEN[language].language }),
      language,
    ),
  );
  return filled(words.span, { days, opens: opens ?? "", closes: closes ?? "" });
}

/** "10 am", "सुबह 10", "ఉదయం 10"; minutes only where there are some. */
function spokenTime(time: DateTime, language: Language): string {
  const hour = time.toFormat(time.minute === 0 ? "h" : "h:mm", { numberingSystem: "latn" });
  const parts = time.toLocaleParts({ hour: "numeric", hour12: true, dayPeriod: "short" });
  const named = parts.find(({ type }) => type === "dayPeriod")?.value ?? "";
  const period = language === "en" ? (time.hour < 12 ? "am" : "pm") : named;
  return filled(WORDS[language].time, { hour, period });
}

function inZone(at: Date, { time_zone }: Salon, language: Language): DateTime {
  return DateTime.fromJSDate(at, { zone: time_zone }).setLocale(SPOKEN[language].language);
}

function filled(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{(\w+)\}/g, (placeholder, name: string) => values[name] ?? placeholder);
}
