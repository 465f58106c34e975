import { describe, expect, test } from "vitest";
import { clientAddress } from "./client-address.ts";

const CLIENT = "203.0.113.7";
const PROXY = "198.51.100.1";

describe("the address of a client", () => {
  test.each([
    ["called directly: the only entry", CLIENT, 0, CLIENT],
    ["called directly: the last entry", `10.0.0.1, ${CLIENT}`, 0, CLIENT],
    ["without spaces", `10.0.0.1,${CLIENT}`, 0, CLIENT],
    ["through one proxy: the last but one", `${CLIENT}, ${PROXY}`, 1, CLIENT],
    ["through two", `${CLIENT}, ${PROXY}, 192.0.2.9`, 2, CLIENT],
    ["in IPv6", `2001:db8::7, ${PROXY}`, 1, "2001:db8::7"],
    ["in IPv6 that holds an IPv4 address", "::ffff:203.0.113.7", 0, "::ffff:203.0.113.7"],
  ])("%s", (_, header, hops, address) => {
    expect(clientAddress(header, hops)).toBe(address);
  });

  test.each([0, 1, 5])(
    "spoofing: entries that the caller wrote change nothing, behind %i proxies",
    (hops) => {
      const appended = [CLIENT, ...Array<string>(hops).fill(PROXY)].join(", ");
      for (const written of ["10.0.0.1", "10.0.0.1, 10.0.0.2, 10.0.0.3", "<script>", ",,,", ""]) {
        expect(clientAddress(`${written}, ${appended}`, hops)).toBe(CLIENT);
      }
    },
  );

  test.each([
    ["no header", undefined, 0],
    ["an empty one", "", 0],
    ["fewer entries than proxies", CLIENT, 1],
    ["far fewer", `${CLIENT}, ${PROXY}`, 5],
  ])("is not known with %s, and never another entry instead", (_, header, hops) => {
    expect(clientAddress(header, hops)).toBeUndefined();
  });

  test.each([
    "unknown",
    "203.0.113.7, ",
    "203.0.113.7, <script>",
    "203.0.113.7:443",
    "[2001:db8::7]",
    "[2001:db8::7]:443",
    "203.0.113.256",
    "203.0.113",
    "0x7f.0.0.1",
    "fe80::1%eth0",
    '"203.0.113.7"',
  ])("is not known where the entry is none, nor is the one before it taken: %j", (header) => {
    expect(clientAddress(header, 0)).toBeUndefined();
  });
});
