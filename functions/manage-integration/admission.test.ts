import { describe, expect, test } from "vitest";
import { originOf, whoIs } from "./admission.ts";

const from = (headers: Record<string, string>, hops = 0) =>
  originOf({ header: (name) => headers[name] }, hops);

describe("where a request came from", () => {
  test("is what the front end appended, not what the caller wrote before it", () => {
    expect(from({ "x-forwarded-for": "10.0.0.1, 203.0.113.7" })).toEqual({ ip: "203.0.113.7" });
  });

  test("is looked for before the entries of our own proxies", () => {
    const header = { "x-forwarded-for": "10.0.0.1, 203.0.113.7, 198.51.100.1" };
    expect(from(header, 1)).toEqual({ ip: "203.0.113.7" });
  });

  test("is left out where it is not known", () => {
    expect(from({ "x-forwarded-for": "203.0.113.7" }, 1)).toEqual({});
    expect(from({})).toEqual({});
  });

  test("the user agent as it is said", () => {
    expect(from({ "user-agent": "Browser/1.0" })).toEqual({ userAgent: "Browser/1.0" });
  });
});

describe("who acts", () => {
  test.each([
    ["a member by uid, and by address for the owner", "manager", "a@b.example", "member", "a@b.example"],
    ["a member without an address by uid alone", "owner", undefined, "member", undefined],
    [
      "an operator as our support, never by their own address",
      "operator",
      "me@us.example",
      "operator",
      "Salon Flow support",
    ],
  ] as const)("%s", (_, role, email, kind, name) => {
    const actor = { uid: "uid-7", role, ...(email === undefined ? {} : { email }) };
    expect(whoIs(actor)).toEqual({ actor: { kind, id: "uid-7" }, name });
  });
});
