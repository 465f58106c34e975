import { json, type Reply } from "../http/reply.ts";
import type { ApiRequest } from "./api-request.ts";
import { TwilioError } from "./error.ts";

const STANDARD_PAGE_SIZE = 50;
const LARGEST_PAGE_SIZE = 1000;

interface Listing<Item> {
  /** The plural under which the resource stands in the body. */
  readonly key: string;
  readonly items: Iterable<Item>;
  /** What the next page begins after; a new item at the front does not move it. */
  readonly tokenOf: (item: Item) => string;
  readonly present: (item: Item) => unknown;
}

/** One page of a v2010 list. */
export function pageOf<Item>(request: ApiRequest, listing: Listing<Item>): Reply {
  const { page, pageSize, found, uris } = cutPage(request, listing);
  const start = page * pageSize;
  return json(200, {
    first_page_uri: uris.first,
    end: start + Math.max(0, found.length - 1),
    previous_page_uri: uris.previous,
    [listing.key]: found.map(listing.present),
    uri: uris.own,
    page_size: pageSize,
    start,
    next_page_uri: uris.next,
    page,
  });
}

/** One page of a list on Twilio's younger hosts, which say the same in other words. */
export function metaPageOf<Item>(request: ApiRequest, host: string, listing: Listing<Item>): Reply {
  const { page, pageSize, found, uris } = cutPage(request, listing);
  const on = (uri: string | null) => (uri === null ? null : `https://${host}${uri}`);
  const meta = {
    page,
    page_size: pageSize,
    first_page_url: on(uris.first),
    previous_page_url: on(uris.previous),
    url: on(uris.own),
    next_page_url: on(uris.next),
    key: listing.key,
  };
  return json(200, { meta, [listing.key]: found.map(listing.present) });
}

function cutPage<Item>(request: ApiRequest, { items, tokenOf }: Listing<Item>) {
  const size = numberIn(request.query, "PageSize", STANDARD_PAGE_SIZE, 1);
  const pageSize = Math.min(size, LARGEST_PAGE_SIZE);
  const page = numberIn(request.query, "Page", 0, 0);
  const token = request.query.get("PageToken")?.replace(/^PA/, "") ?? "";
  const { found, more } = cut(items, token, tokenOf, page * pageSize, pageSize);
  const last = found.at(-1);

  const uriOf = (number: number, after?: string) => {
    const query = new URLSearchParams(request.query);
    query.delete("PageToken");
    query.set("PageSize", String(pageSize));
    query.set("Page", String(number));
    if (after !== undefined) query.set("PageToken", `PA${after}`);
    return `${request.path}?${query}`;
  };
  const uris = {
    first: uriOf(0),
    previous: page === 0 ? null : uriOf(page - 1),
    own: uriOf(page, token === "" ? undefined : token),
    next: more && last !== undefined ? uriOf(page + 1, tokenOf(last)) : null,
  };
  return { page, pageSize, found, uris };
}

function cut<Item>(
  items: Iterable<Item>,
  token: string,
  tokenOf: (item: Item) => string,
  offset: number,
  size: number,
) {
  const found: Item[] = [];
  let skipping = token !== "";
  let toSkip = token === "" ? offset : 0;
  for (const item of items) {
    if (skipping) {
      skipping = tokenOf(item) !== token;
    } else if (toSkip > 0) {
      toSkip -= 1;
    } else {
      if (found.length === size) return { found, more: true };
      found.push(item);
    }
  }
  return { found, more: false };
}

/** A whole number among the parameters; TwilioError 20001 when it is none. */
export function numberIn(query: URLSearchParams, name: string, standard: number, least: number): number {
  const text = query.get(name);
  if (text === null || text === "") return standard;
  const value = Number(text);
  if (!Number.isInteger(value) || value < least)
    throw new TwilioError(20001, `${name} must be a number from ${least}`);
  return value;
}
