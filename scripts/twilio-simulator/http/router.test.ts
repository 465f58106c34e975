import { expect, test } from "vitest";
import { createRouter } from "./router.ts";

const find = createRouter([
  { method: "GET", path: "/2010-04-01/Accounts.json", handler: "list" },
  { method: "GET", path: "/2010-04-01/Accounts/{Sid}.json", handler: "fetch" },
  { method: "DELETE", path: "/2010-04-01/Accounts/{AccountSid}/Messages/{Sid}.json", handler: "remove" },
]);

test("finds the route and the parameters of its path", () => {
  const match = find("DELETE", "/2010-04-01/Accounts/AC1/Messages/SM2.json");
  if (typeof match === "string") throw new Error(match);
  expect(match.route.handler).toBe("remove");
  expect(Object.fromEntries(match.pathParameters)).toEqual({ AccountSid: "AC1", Sid: "SM2" });
});

test("tells an unknown path from a known one asked in the wrong way", () => {
  expect(find("GET", "/2010-04-01/Nothing.json")).toBe("no such path");
  expect(find("POST", "/2010-04-01/Accounts/AC1.json")).toBe("no such method");
});

test("does not take a dot in a template for any character, nor a parameter across a slash", () => {
  expect(find("GET", "/2010-04-01/AccountsXjson")).toBe("no such path");
  expect(find("GET", "/2010-04-01/Accounts/AC1/More.json")).toBe("no such path");
});
