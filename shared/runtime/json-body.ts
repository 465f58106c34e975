import type { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import type { HttpRequest } from "./http-boundary.ts";

/** The body of a request by its schema, or an error that names the first wrong field and never repeats its value. */
export function parseJsonBody<Schema extends z.ZodType>(
  request: HttpRequest,
  schema: Schema,
): z.infer<Schema> {
  if (request.header("content-type")?.split(";")[0]?.trim().toLowerCase() !== "application/json") {
    throw new AppError(
      "unsupported-media-type",
      "Send the body as JSON, with Content-Type: application/json.",
    );
  }
  if (request.rawBody.length === 0) throw invalid("body", "The body is empty; send a JSON object.");
  const result = schema.safeParse(parse(request.rawBody));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const field = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].join(".") || "body";
  throw invalid(
    field,
    unknown === undefined ? `${field}: ${issue?.message}.` : `${field} is not a known field.`,
  );
}

export function invalid(field: string, message: string): AppError {
  return new AppError("invalid-argument", message, { context: { field } });
}

function parse(rawBody: Buffer): unknown {
  try {
    return JSON.parse(rawBody.toString("utf8"));
  } catch {
    throw invalid("body", "The body is not valid JSON.");
  }
}
