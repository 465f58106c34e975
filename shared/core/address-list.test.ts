import { describe, expect, test } from "vitest";
import { createAddressList, isCidr } from "./address-list.ts";

describe("an address list", () => {
  const list = createAddressList(["203.0.113.0/24", "198.51.100.7/32", "2001:db8:1::/48"]);

  test.each(["203.0.113.0", "203.0.113.255", "198.51.100.7", "2001:db8:1::9", "2001:DB8:1:ffff::"])(
    "has %s",
    (address) => expect(list.has(address)).toBe(true),
  );

  test("has an IPv4 address however it is written", () => {
    expect(list.has("::ffff:203.0.113.9")).toBe(true);
    expect(list.has("::ffff:203.0.114.9")).toBe(false);
  });

  test.each(["203.0.112.255", "198.51.100.8", "2001:db8:2::1", "::1", "", "203.0.113", "x"])(
    "has not %j",
    (address) => expect(list.has(address)).toBe(false),
  );

  test("that is empty has nothing", () => expect(createAddressList([]).has("127.0.0.1")).toBe(false));
});

test.each(["0.0.0.0/0", "10.0.0.1/32", "::/0", "2001:db8::/128", "::ffff:10.0.0.0/104"])(
  "%s is a CIDR",
  (text) => expect(isCidr(text)).toBe(true),
);

test.each([
  "",
  "/",
  "10.0.0.0",
  "10.0.0.0/",
  "10.0.0.0/33",
  "10.0.0.0/-1",
  "10.0.0.0/08",
  "10.0.0.0/8 ",
  "10.0.0/8",
  "010.0.0.1/8",
  "256.0.0.0/8",
  "::/129",
  "fe80::1%eth0/64",
  "[::]/0",
  "hooks.example.com/8",
  "10.0.0.0/255.0.0.0",
])("%j is no CIDR, and makes no list", (text) => {
  expect(isCidr(text)).toBe(false);
  expect(() => createAddressList([text])).toThrow(RangeError);
});
