import { describe, expect, it } from "vitest";
import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import type { HttpRequest } from "./http-boundary.ts";
import { parseJsonBody } from "./json-body.ts";

const schema = z.strictObject({ to: z.string(), parts: z.array(z.object({ size: z.number() })).default([]) });

const request = (body: string, type = "application/json"): HttpRequest => ({
  method: "POST",
  path: "/",
  rawQuery: "",
  rawBody: Buffer.from(body),
  header: (name) => (name === "content-type" ? type : undefined),
  note: () => {},
});

function refusalOf(
  body: string,
  type?: string,
): { code: string; field: string | undefined; message: string } {
  try {
    parseJsonBody(request(body, type), schema);
  } catch (error) {
    if (error instanceof AppError)
      return { code: error.code, field: error.context.field, message: error.message };
  }
  throw new Error("it was not refused");
}

describe("parseJsonBody", () => {
  it("gives the parsed body, with or without a charset on the content type", () => {
    expect(parseJsonBody(request('{"to":"x"}', "application/json; charset=utf-8"), schema)).toEqual({
      to: "x",
      parts: [],
    });
  });

  it.each([
    ["an empty body", "", "body"],
    ["no JSON", "{to:", "body"],
    ["no object", "[]", "body"],
    ["null", "null", "body"],
    ["a missing field", "{}", "to"],
    ["a null field", '{"to":null}', "to"],
    ["an unknown field", '{"to":"x","cc":"y"}', "cc"],
    ["a wrong field inside a list", '{"to":"x","parts":[{"size":1},{"size":"2"}]}', "parts.1.size"],
  ])("refuses %s and names the field", (_, body, field) => {
    expect(refusalOf(body)).toMatchObject({ code: "invalid-argument", field });
  });

  it("never repeats the value that was wrong", () => {
    expect(refusalOf('{"to":"x","parts":"canary-7f3a9c"}').message).not.toContain("canary-7f3a9c");
  });

  it("refuses another content type before it reads anything", () => {
    expect(refusalOf('{"to":"x"}', "text/plain").code).toBe("unsupported-media-type");
  });
});
