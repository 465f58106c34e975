import { setTimeout as sleep } from "node:timers/promises";
import { http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { listen } from "#scripts/local-stack/listen.ts";
import { AppError } from "#shared/core/errors.ts";
import { createLogger } from "#shared/core/logger.ts";
import { type HttpRequest, httpFunction, json, type Reply } from "./http-boundary.ts";

const lines: string[] = [];
let seen: HttpRequest | undefined;
let behave: () => Promise<Reply>;
let url = "";
let close = async () => {};

beforeAll(async () => {
  const handler = async (request: HttpRequest) => {
    seen = request;
    return behave();
  };
  const logger = createLogger({ write: (line) => lines.push(line) });
  http(
    "boundary",
    httpFunction(handler, {
      name: "boundary",
      logger,
      maxBodyBytes: (path) => (path === "/large" ? 200 : 100),
    }),
  );
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

  it("limits the body by the path where the limit depends on it", async () => {
    behave = async () => json(200, {});
    const post = (path: string, size: number) =>
      fetch(`${url}${path}`, { method: "POST", body: "x".repeat(size), headers: FORM });
    expect((await post("/large", 200)).status).toBe(200);
    expect((await post("/large", 201)).status).toBe(413);
    expect((await post("/larger", 101)).status).toBe(413);
  });

  it("says when to come again where that is known", async () => {
    behave = async () => {
      throw new AppError("resource-exhausted", "Later.", { context: { retryAfterSeconds: 7 } });
    };
    const response = await fetch(url);
    expect([response.status, response.headers.get("retry-after")]).toEqual([429, "7"]);
    expect(await response.json()).toEqual({ error: { code: "resource-exhausted", message: "Later." } });
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

describe("a log line that the handler adds to", () => {
  const line = async (work: () => Promise<Reply>) => {
    lines.length = 0;
    behave = work;
    const answer = await (await fetch(url)).text();
    return { ...JSON.parse(lines[0] ?? ""), answer };
  };

  it("has what was noted, however the request ends, and what the reply says comes first", async () => {
    const accepted = await line(async () => {
      seen?.note({ salonId: "salon-1", tokenRole: "next", outcome: "accepted" });
      seen?.note({ source: "salon_own" });
      return json(200, {}, { outcome: "stale" });
    });
    const noted = { salonId: "salon-1", tokenRole: "next", source: "salon_own" };
    expect(accepted).toMatchObject({ ...noted, outcome: "stale", status: 200 });
    const refused = await line(async () => {
      seen?.note({ salonId: "salon-1", outcome: "accepted" });
      throw new AppError("permission-denied", "No.", { context: { outcome: "forged" } });
    });
    expect(refused).toMatchObject({ salonId: "salon-1", outcome: "forged", status: 403 });
    expect(refused.answer).toBe('{"error":{"code":"permission-denied","message":"No."}}');
  });

  it("has nothing of another request's", async () => {
    await line(async () => {
      seen?.note({ salonId: "salon-1" });
      return json(200, {});
    });
    expect(await line(async () => json(200, {}))).not.toHaveProperty("salonId");
  });
});

it("lets no cache keep an answer, unless the reply says otherwise", async () => {
  behave = async () => json(404, {});
  expect((await fetch(url)).headers.get("cache-control")).toBe("no-store");
  behave = async () => ({ status: 200, headers: { "Cache-Control": "max-age=60" } });
  expect((await fetch(url)).headers.get("cache-control")).toBe("max-age=60");
});

describe("an answer that is streamed", () => {
  const LINE = `${"x".repeat(65_535)}\n`;
  const streaming = (parts: AsyncIterable<string>) => async (): Promise<Reply> => ({
    status: 200,
    type: "application/x-ndjson",
    body: parts,
  });
  const logged = async () => {
    await expect.poll(() => lines.length).toBe(1);
    return JSON.parse(lines[0] ?? "");
  };
  beforeEach(() => {
    lines.length = 0;
  });

  it("arrives whole, however large, and its line is logged at the end with its size", async () => {
    behave = streaming(
      (async function* () {
        for (let part = 0; part < 640; part += 1) yield LINE;
      })(),
    );
    const response = await fetch(url);
    expect(response.headers.get("content-type")).toMatch(/^application\/x-ndjson/);
    expect(response.headers.get("transfer-encoding")).toBe("chunked");
    const bytes = 640 * 65_536;
    expect((await response.arrayBuffer()).byteLength).toBe(bytes);
    expect(await logged()).toMatchObject({ severity: "INFO", status: 200, bytes });
  });

  it("is an error like any other when it fails before its first part", async () => {
    behave = streaming(
      (async function* () {
        yield* [];
        throw new AppError("unavailable", "Away.", { context: { service: "Firestore" } });
      })(),
    );
    const response = await fetch(url);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ error: { code: "unavailable" } });
    expect(await logged()).toMatchObject({ severity: "ERROR", status: 503, outcome: "unavailable" });
  });

  it("does not look whole when it fails in the middle: the connection ends without the end mark", async () => {
    behave = streaming(
      (async function* () {
        yield "one\n";
        throw new Error("canary-7f3a9c");
      })(),
    );
    const response = await fetch(url);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow("terminated");
    expect(await logged()).toMatchObject({ severity: "ERROR", status: 200, outcome: "internal", bytes: 4 });
    expect(lines.join()).not.toContain("canary-7f3a9c");
  });

  it("is read no faster than its reader, and no further once the reader has gone", async () => {
    let given = 0;
    let isClosed = false;
    behave = streaming(
      (async function* () {
        try {
          for (; given < 100_000; given += 1) yield LINE;
        } finally {
          isClosed = true;
        }
      })(),
    );
    const reader = (await fetch(url)).body?.getReader();
    await reader?.read();
    await settled(() => given);
    expect(given).toBeGreaterThan(0);
    expect(given).toBeLessThan(1_000);
    await reader?.cancel();
    expect(await logged()).toMatchObject({ severity: "WARNING", status: 200, outcome: "abandoned" });
    expect(isClosed).toBe(true);
    const atEnd = given;
    await sleep(100);
    expect(given).toBe(atEnd);
  });
});

/** Waits until the value has stood still for a while. */
async function settled(value: () => number): Promise<void> {
  for (let before = -1; before !== value(); ) {
    before = value();
    await sleep(100);
  }
}

const FORM = { "content-type": "application/x-www-form-urlencoded" };
