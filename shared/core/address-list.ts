import { BlockList, isIP } from "node:net";

/** Networks, of IPv4 and of IPv6. */
export interface AddressList {
  /** Whether a bare IP address lies in one of them; an IPv4 address may be written as `::ffff:…`. */
  has(address: string): boolean;
}

/** Whether a text is a network in CIDR notation, such as 203.0.113.0/24 or 2001:db8::/32. */
export function isCidr(text: string): boolean {
  return networkOf(text) !== undefined;
}

/** Throws a RangeError for what is no CIDR, without repeating it. */
export function createAddressList(cidrs: readonly string[]): AddressList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const network = networkOf(cidr);
    if (network === undefined) throw new RangeError("An address list holds what is no CIDR.");
    list.addSubnet(network.address, network.prefix, network.family);
  }
  return { has: (address) => isIP(address) !== 0 && list.check(address, familyOf(address)) };
}

function networkOf(cidr: string) {
  const [, address = "", digits = ""] = /^([0-9a-f:.]+)\/(0|[1-9]\d{0,2})$/i.exec(cidr) ?? [];
  const prefix = Number(digits);
  const family = familyOf(address);
  if (isIP(address) === 0 || prefix > (family === "ipv4" ? 32 : 128)) return undefined;
  return { address, prefix, family };
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIP(address) === 4 ? "ipv4" : "ipv6";
}
