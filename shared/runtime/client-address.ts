import { isIP } from "node:net";

/**
 * The address that a request came from, by its `X-Forwarded-For` header: each proxy appends the address it was called
 * from, so only the entries that Google's front end and our own `trustedHops` proxies appended count; whatever stands
 * left of those, the caller may have written. Undefined where that entry is missing or no bare IP address.
 */
export function clientAddress(forwardedFor: string | undefined, trustedHops: number): string | undefined {
  const entry = forwardedFor
    ?.split(",")
    .at(-1 - trustedHops)
    ?.trim();
  // An IPv6 zone ("fe80::1%eth0") passes isIP, and is free text that no front end appends.
  return entry === undefined || isIP(entry) === 0 || entry.includes("%") ? undefined : entry;
}
