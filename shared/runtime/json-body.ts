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
  return parsed(schema, parse(request.rawBody));
}

/** A value by its schema, or an error that names the first wrong field, below `prefix` where there is one. */
export function parsed<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  prefix: readonly PropertyKey[] = [],
): z.infer<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const unknown = issue?.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const field = fieldOf([...prefix, ...(issue?.path ?? []), ...unknown]);
  throw invalid(
    field,
    unknown.length === 0 ? `${field}: ${issue?.message}.` : `${field} is not a known field.`,
  );
}

export function invalid(field: string, message: string): AppError {
  return new AppError("invalid-argument", message, { context: { field } });
}

/** Only what looks like a name is repeated: anything else may be a customer's data in the wrong place. */
function fieldOf(path: readonly PropertyKey[]): string {
  const names = path.map((part) =>
    /^([A-Za-z][\w-]{0,39}|__proto__|\d{1,4})$/.test(String(part)) ? String(part) : "?",
  );
  return names.join(".") || "body";
}

function parse(rawBody: Buffer): unknown {
  try {
    return JSON.parse(rawBody.toString("utf8"));
  } catch {
    throw invalid("body", "The body is not valid JSON.");
  }
}
