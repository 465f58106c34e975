import { decimalText } from "../world/prices.ts";
import { KINDS, TOTAL, type UsageEvent } from "../world/usage.ts";
import type { World } from "../world/world.ts";
import { type ApiHandler, given, pathParameter } from "./api-request.ts";
import { TwilioError } from "./error.ts";
import { pageOf } from "./paging.ts";
import { type Period, periodsOf, readDay, type Subresource } from "./usage-period.ts";

const CATEGORIES: readonly string[] = [...new Set(Object.values(KINDS).flat()), TOTAL];
const SUBRESOURCES: readonly Subresource[] = [
  "AllTime",
  "Daily",
  "LastMonth",
  "Monthly",
  "ThisMonth",
  "Today",
  "Yearly",
  "Yesterday",
];

interface Sum {
  readonly category: string;
  readonly period: Period;
  readonly count: number;
  readonly usage: number;
  readonly price: number;
}

/** Usage by category and period. A parent's figures hold its subaccounts' unless it asks otherwise. */
export function createUsageResource({ accounts, usage }: World): Record<"list", ApiHandler> {
  return {
    list(request) {
      const { query, account, path } = request;
      const name = pathParameter(request, "Subresource");
      const subresource = SUBRESOURCES.find((each) => each === name);
      if (name !== "" && subresource === undefined) {
        throw new TwilioError(20404, `The requested resource ${path} was not found`);
      }
      const today = new Date().toISOString().slice(0, 10);
      const category = given(query, "Category");
      const wanted = category === undefined ? CATEGORIES : CATEGORIES.filter((each) => each === category);
      const family = given(query, "IncludeSubaccounts") === "false" ? [] : accounts.subaccountsOf(account);
      const sids = new Set([account.sid, ...family.map(({ sid }) => sid)]);
      const events = usage.events().filter((event) => sids.has(event.accountSid));
      const start = given(query, "StartDate");
      const end = given(query, "EndDate");
      const asked = {
        start: start === undefined ? firstDay(events, account.dateCreated) : readDay(start, today),
        end: end === undefined ? today : readDay(end, today),
      };
      const sums = periodsOf(subresource, asked, today).flatMap((period) => sumsOf(events, period, wanted));
      return pageOf(request, {
        key: "usage_records",
        items: sums,
        tokenOf: (sum) => `${sum.category}.${sum.period.start}`,
        present: (sum) => presentSum(sum, account.sid, path),
      });
    },
  };
}

function firstDay(events: readonly UsageEvent[], accountCreated: Date): string {
  return events
    .reduce((first, { at }) => (at < first ? at : first), accountCreated)
    .toISOString()
    .slice(0, 10);
}

function sumsOf(events: readonly UsageEvent[], period: Period, categories: readonly string[]): Sum[] {
  const within = events.filter(({ at }) => {
    const day = at.toISOString().slice(0, 10);
    return day >= period.start && day <= period.end;
  });
  return categories.map((category) => {
    const filed = within.filter(
      ({ kind }) => category === TOTAL || KINDS[kind].some((each) => each === category),
    );
    const total = (of: (event: UsageEvent) => number) => filed.reduce((sum, event) => sum + of(event), 0);
    const [count, usage, price] = [
      total((event) => event.count),
      total((event) => event.usage),
      total((event) => event.price),
    ];
    return { category, period, count, usage, price };
  });
}

function presentSum({ category, period, count, usage, price }: Sum, accountSid: string, path: string) {
  const base = `/2010-04-01/Accounts/${accountSid}/Usage/Records`;
  const links = SUBRESOURCES.map((name) => [snakeCase(name), `${base}/${name}.json?Category=${category}`]);
  const isTotal = category === TOTAL;
  const [countUnit, usageUnit] = unitsOf(category);
  return {
    account_sid: accountSid,
    api_version: "2010-04-01",
    as_of: `${new Date().toISOString().slice(0, 19)}+00:00`,
    category,
    count: isTotal ? null : String(count),
    count_unit: countUnit,
    description: category,
    end_date: period.end,
    price: decimalText(price),
    price_unit: "usd",
    start_date: period.start,
    subresource_uris: Object.fromEntries(links),
    uri: `${path}?Category=${category}&StartDate=${period.start}&EndDate=${period.end}`,
    usage: isTotal ? decimalText(price) : String(usage),
    usage_unit: usageUnit,
  };
}

function unitsOf(category: string): [count: string, usage: string] {
  if (category === TOTAL) return ["", "usd"];
  if (category.startsWith("calls")) return ["calls", "minutes"];
  if (category.startsWith("phonenumbers")) return ["numbers", "numbers"];
  return category.startsWith("sms") ? ["messages", "segments"] : ["messages", "messages"];
}

function snakeCase(name: string): string {
  return name.replace(/(?<!^)([A-Z])/g, "_$1").toLowerCase();
}
