import { describe, expect, test } from "vitest";
import { AppError } from "#shared/core/errors.ts";
import { findRoute } from "./route-contract.ts";

const ROUTES = [
  { method: "POST", path: "/v1/pots" },
  { method: "GET", path: "/v1/pots/{potId}" },
  { method: "DELETE", path: "/v1/pots/{potId}" },
  { method: "POST", path: "/v1/pots/{potId}:boil" },
  { method: "GET", path: "/v1/pots.json" },
] as const;

const find = (method: string, path: string) => {
  const { route, parameters } = findRoute(ROUTES, { method, path });
  return [route.path, parameters];
};
const refusal = (method: string, path: string): [string, string] | undefined => {
  try {
    find(method, path);
  } catch (error) {
    if (error instanceof AppError) return [error.code, error.message];
  }
  return undefined;
};

describe("the route of a request", () => {
  test.each([
    ["POST", "/v1/pots", "/v1/pots", {}],
    ["GET", "/v1/pots/7", "/v1/pots/{potId}", { potId: "7" }],
    ["POST", "/v1/pots/7:boil", "/v1/pots/{potId}:boil", { potId: "7" }],
    ["GET", "/v1/pots/..%2F..", "/v1/pots/{potId}", { potId: "..%2F.." }],
  ])("of %s %s is %s, with what stands in its braces", (method, path, template, parameters) => {
    expect(find(method, path)).toEqual([template, { ...parameters }]);
  });

  test.each([
    "/v1/pots/",
    "/v1/pots/7/8",
    "/v1/pots/7:fry",
    "/v1/potsXjson",
    "/v2/pots",
    "/v1/pots/7:boil:boil",
  ])("of GET %s is none", (path) => {
    expect(refusal("GET", path)?.[0]).toBe("not-found");
  });

  test("of another method names those that there are", () => {
    expect(refusal("PUT", "/v1/pots/7")).toEqual(["method-not-allowed", "This path takes GET or DELETE."]);
  });
});
