import { z } from "zod";
import type { Capabilities, NumberType } from "./phone-number.ts";

/** A number that Twilio has on sale. */
export interface StockNumber {
  readonly phoneNumber: string;
  readonly isoCountry: string;
  readonly type: NumberType;
  readonly capabilities: Capabilities;
  readonly locality: string | null;
  readonly region: string | null;
  readonly addressRequirements: "none" | "any" | "local" | "foreign";
}

interface Range {
  readonly prefix: string;
  readonly digits: number;
  readonly locality: string | null;
  readonly region: string | null;
}

interface Shelf {
  readonly isoCountry: string;
  readonly type: NumberType;
  readonly capabilities: Capabilities;
  readonly addressRequirements: StockNumber["addressRequirements"];
  readonly ranges: readonly Range[];
}

export const Kind = z.enum(["Local", "Mobile", "TollFree"]);
const TYPES = { Local: "local", Mobile: "mobile", TollFree: "toll-free" } as const;

const everything = { voice: true, sms: true, mms: true, fax: false };
const withoutMms = { voice: true, sms: true, mms: false, fax: false };
const voiceOnly = { voice: true, sms: false, mms: false, fax: false };
const range = (
  prefix: string,
  digits: number,
  locality: string | null = null,
  region: string | null = null,
) => ({
  prefix,
  digits,
  locality,
  region,
});

/**
 * All that is on sale. Only numbers that the numbering plans keep for fiction, or toll-free ones, so that no
 * mistake reaches a person. India sells nothing but toll-free numbers for voice: two-way SMS does not exist there.
 */
const SHELVES: readonly Shelf[] = [
  {
    isoCountry: "US",
    type: "local",
    capabilities: everything,
    addressRequirements: "none",
    ranges: [
      range("+1415555", 4, "San Francisco", "CA"),
      range("+1212555", 4, "New York", "NY"),
      range("+1206555", 4, "Seattle", "WA"),
      range("+1512555", 4, "Austin", "TX"),
      range("+1312555", 4, "Chicago", "IL"),
      range("+1305555", 4, "Miami", "FL"),
    ],
  },
  {
    isoCountry: "US",
    type: "toll-free",
    capabilities: everything,
    addressRequirements: "none",
    ranges: [range("+1833555", 4), range("+1844555", 4)],
  },
  {
    isoCountry: "GB",
    type: "local",
    capabilities: voiceOnly,
    addressRequirements: "any",
    ranges: [range("+44207946", 4, "London"), range("+44161496", 4, "Manchester")],
  },
  {
    isoCountry: "GB",
    type: "mobile",
    capabilities: withoutMms,
    addressRequirements: "any",
    ranges: [range("+447700900", 3)],
  },
  {
    isoCountry: "GB",
    type: "toll-free",
    capabilities: voiceOnly,
    addressRequirements: "none",
    ranges: [range("+44808157", 4)],
  },
  {
    isoCountry: "IN",
    type: "toll-free",
    capabilities: voiceOnly,
    addressRequirements: "local",
    ranges: [range("+911800555", 4)],
  },
];

/** The stock of a country and kind, always in the same order; undefined where Twilio sells none of that kind. */
export function stockOf(isoCountry: string, kind: z.infer<typeof Kind>): Iterable<StockNumber> | undefined {
  const shelf = SHELVES.find((each) => each.isoCountry === isoCountry && each.type === TYPES[kind]);
  return shelf === undefined ? undefined : numbersOn(shelf);
}

/** What Twilio would sell under exactly this number. */
export function inStock(phoneNumber: string): StockNumber | undefined {
  for (const shelf of SHELVES) {
    for (const each of shelf.ranges) {
      const rest = phoneNumber.slice(each.prefix.length);
      if (phoneNumber.startsWith(each.prefix) && rest.length === each.digits && /^\d+$/.test(rest)) {
        return stockNumber(shelf, each, phoneNumber);
      }
    }
  }
  return undefined;
}

function* numbersOn(shelf: Shelf): Generator<StockNumber> {
  const longest = Math.max(...shelf.ranges.map(({ digits }) => 10 ** digits));
  // In turn from each range, so that the first page already shows several places.
  for (let index = 0; index < longest; index += 1) {
    for (const each of shelf.ranges) {
      if (index >= 10 ** each.digits) continue;
      // Begins with 0100: in the United States only 555-0100 to 555-0199 are kept for fiction.
      const serial = (index + 100) % 10 ** each.digits;
      yield stockNumber(shelf, each, each.prefix + String(serial).padStart(each.digits, "0"));
    }
  }
}

function stockNumber(shelf: Shelf, { locality, region }: Range, phoneNumber: string): StockNumber {
  const { isoCountry, type, capabilities, addressRequirements } = shelf;
  return { phoneNumber, isoCountry, type, capabilities, addressRequirements, locality, region };
}
