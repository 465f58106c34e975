import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listen } from "#scripts/local-stack/listen.ts";
import { AppError } from "#shared/core/errors.ts";
import { createLogger } from "#shared/core/logger.ts";
import { type HttpRequest, httpFunction, json } from "./http-boundary.ts";

const lines: string[] = [];
let seen: HttpRequest | undefined;
let behave: () => Promise<ReturnType<typeof json>>;
let url = "";
let close = async () => {};

beforeAll(async () => {
  const handler = async (request: HttpRequest) => {
    seen = request;
    return behave();
  };
  const logger = createLogger({ write: (line) => lines.push(line) });
  http("boundary", httpFunction(handler, { name: "boundary", logger, maxBodyBytes: 100 }));
  const listening = await listen(getTestServer("boundary"), 0, "a test");
  url = `http://${listening.host}`;
  close = listening.close;
});
afterAll(() => close());

describe("the HTTP boundary", () => {
  it("hands the handler the path, the query and the body exactly as they came", async () => {
    behave = async () => json(200, {});
    await fetch(`${url}/a%2Fb/c?x=%20&x=2`, { method: "POST", body: "k=%E0%A4%A8&k=2", headers: FORM });
    expect(seen?.path).toBe("/a%2Fb/c");
    expect(seen?.rawQuery).toBe("?x=%20&x=2");
    expect(seen?.rawBody.toString()).toBe("k=%E0%A4%A8&k=2");
    expect(seen?.header("Content-Type")).toBe("application/x-www-form-urlencoded");
  });

  it("gives an empty body for a request without one", async () => {
    behave = async () => json(200, {});
    await fetch(url);
    expect(seen?.rawBody).toHaveLength(0);
  });

  it("answers an AppError with its status, its words and the field", async () => {
    behave = async () => {
      throw new AppError("invalid-argument", "to: must be a number.", { context: { field: "to" } });
    };
    const response = await fetch(url);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: { code: "invalid-argument", message: "to: must be a number.", field: "to" },
    });
  });

  it("answers with the reason a client can decide by, beside the field", async () => {
    behave = async () => {
      const context = { field: "auth_token", reason: "credentials_rejected", salonId: "salon-1" };
      throw new AppError("invalid-argument", "Copy the token again.", { context });
    };
    expect(await (await fetch(url)).json()).toEqual({
      error: {
        code: "invalid-argument",
        message: "Copy the token again.",
        field: "auth_token",
        reason: "credentials_rejected",
      },
    });
  });

  it("says nothing of an unknown error but that it was ours", async () => {
    behave = async () => {
      throw new Error("token canary-7f3a9c");
    };
    const response = await fetch(url);
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain("canary-7f3a9c");
    expect(lines.join()).not.toContain("canary-7f3a9c");
  });

  it("refuses a body over the limit before the handler sees it", async () => {
    seen = undefined;
    const response = await fetch(url, { method: "POST", body: "x".repeat(101), headers: FORM });
    expect(response.status).toBe(413);
    expect(seen).toBeUndefined();
  });

  it("logs one line a request, with outcome and latency and no body", async () => {
    lines.length = 0;
    behave = async () => json(202, { secret: "canary-7f3a9c" }, { salonId: "salon-1" });
    await fetch(url, { method: "POST", body: "Body=canary-7f3a9c", headers: FORM });
    expect(lines).toHaveLength(1);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      severity: "INFO",
      message: "request answered",
      function: "boundary",
      status: 202,
      salonId: "salon-1",
      latencyMs: expect.any(Number),
    });
    expect(lines[0]).not.toContain("canary-7f3a9c");
  });
});

const FORM = { "content-type": "application/x-www-form-urlencoded" };
