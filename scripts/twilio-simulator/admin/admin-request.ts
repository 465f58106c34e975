import type { z } from "zod";
import type { Answer } from "../http/server.ts";

export interface AdminRequest {
  readonly query: URLSearchParams;
  readonly pathParameters: ReadonlyMap<string, string>;
  readonly body: string;
}

export type AdminHandler = (request: AdminRequest) => Answer | Promise<Answer>;

/** A refusal for the engineer: the field and the remedy. */
export class AdminError extends Error {
  readonly status: number;
  readonly field: string;

  constructor(field: string, message: string, status = 400) {
    super(message);
    this.name = "AdminError";
    this.field = field;
    this.status = status;
  }
}

/** The JSON body in the given shape; an AdminError names the first field that is wrong. */
export function readBody<Shape>(shape: z.ZodType<Shape>, { body }: AdminRequest): Shape {
  let value: unknown;
  try {
    value = body === "" ? {} : JSON.parse(body);
  } catch {
    throw new AdminError("body", "The body must be JSON.");
  }
  const result = shape.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join(".") || unknownKey(issue) || "body";
  throw new AdminError(field, `${field}: ${issue?.message ?? "invalid"}`);
}

function unknownKey(issue: z.core.$ZodIssue | undefined): string | undefined {
  return issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
}
