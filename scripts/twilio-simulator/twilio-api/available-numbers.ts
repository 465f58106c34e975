import { json } from "../http/reply.ts";
import { nationalFormat } from "../world/e164.ts";
import { Kind, type StockNumber, stockOf } from "../world/inventory.ts";
import type { World } from "../world/world.ts";
import { type ApiHandler, given, pathParameter } from "./api-request.ts";
import { TwilioError } from "./error.ts";
import { numberIn } from "./paging.ts";

const STANDARD_COUNT = 30;
const LARGEST_COUNT = 1000;

/** The shop window: what could be bought now. It reserves nothing. */
export function createAvailableNumberResource({ numbers }: World): Record<"list", ApiHandler> {
  return {
    list(request) {
      const { query, path } = request;
      const kind = Kind.safeParse(pathParameter(request, "Kind"));
      const stock = kind.success ? stockOf(pathParameter(request, "CountryCode"), kind.data) : undefined;
      if (stock === undefined) throw new TwilioError(20404, `The requested resource ${path} was not found`);
      const wanted = filterOf(query);
      const count = Math.min(numberIn(query, "PageSize", STANDARD_COUNT, 1), LARGEST_COUNT);
      const found: StockNumber[] = [];
      for (const number of stock) {
        if (found.length >= count) break;
        if (wanted(number) && numbers.find(number.phoneNumber) === undefined) found.push(number);
      }
      const pageUri = `${path}?${query}`;
      return json(200, {
        uri: path,
        available_phone_numbers: found.map(presentStock),
        end: Math.max(0, found.length - 1),
        first_page_uri: pageUri,
        next_page_uri: null,
        page: 0,
        page_size: count,
        previous_page_uri: null,
        start: 0,
      });
    },
  };
}

export function filterOf(query: URLSearchParams): (number: StockNumber) => boolean {
  const areaCode = given(query, "AreaCode");
  const contains = given(query, "Contains");
  const pattern = contains === undefined ? undefined : patternOf(contains);
  const asked = {
    voice: given(query, "VoiceEnabled"),
    sms: given(query, "SmsEnabled"),
    mms: given(query, "MmsEnabled"),
    fax: given(query, "FaxEnabled"),
  };
  const withoutAddress = given(query, "ExcludeAllAddressRequired") === "true";
  return (number) => {
    const { capabilities } = number;
    const offered = {
      voice: capabilities.voice,
      sms: capabilities.sms,
      mms: capabilities.mms,
      fax: capabilities.fax,
    };
    return (
      suits(asked.voice, offered.voice) &&
      suits(asked.sms, offered.sms) &&
      suits(asked.mms, offered.mms) &&
      suits(asked.fax, offered.fax) &&
      (areaCode === undefined || number.phoneNumber.startsWith(`+1${areaCode}`)) &&
      (pattern === undefined || pattern.test(number.phoneNumber)) &&
      (!withoutAddress || number.addressRequirements === "none")
    );
  };
}

function suits(asked: string | undefined, offered: boolean): boolean {
  return asked === undefined || (asked === "true") === offered;
}

const KEYPAD = ["", "", "abc", "def", "ghi", "jkl", "mno", "pqrs", "tuv", "wxyz"];

/** `*` is any digit, `%` any digits, a leading `+` and a closing `$` anchor, letters are those of the keypad. */
function patternOf(contains: string): RegExp {
  if (!/^[\d*%$+a-zA-Z]{2,16}$/.test(contains)) {
    throw new TwilioError(20001, "Contains must have 2 to 16 of: digits, letters, *, %, + and $");
  }
  const symbols = new Map([
    ["*", "\\d"],
    ["%", "\\d*"],
    ["$", "$"],
    ["+", "^\\+"],
  ]);
  const source = [...contains.toLowerCase()].map((character) => {
    const digit = KEYPAD.findIndex((letters) => letters.includes(character));
    return symbols.get(character) ?? (/\d/.test(character) ? character : String(digit));
  });
  return new RegExp(source.join(""));
}

function presentStock(number: StockNumber) {
  return {
    friendly_name: nationalFormat(number.phoneNumber),
    phone_number: number.phoneNumber,
    lata: null,
    locality: number.locality,
    rate_center: null,
    latitude: null,
    longitude: null,
    region: number.region,
    postal_code: null,
    iso_country: number.isoCountry,
    address_requirements: number.addressRequirements,
    beta: false,
    capabilities: {
      voice: number.capabilities.voice,
      sms: number.capabilities.sms,
      mms: number.capabilities.mms,
    },
  };
}
