import type { z } from "zod";
import { AppError } from "#shared/core/errors.ts";

/** A stored document that its schema does not read. It names the document and the fields, and not their values. */
export class MalformedDocument extends AppError {
  readonly path: string;
  /** Whether this would be read: somebody may have repaired the document since. */
  readonly reads: (data: unknown) => boolean;

  constructor(path: string, fields: readonly string[], reads: (data: unknown) => boolean) {
    super("failed-precondition", `The document ${path} is malformed: ${fields.join("; ")}.`);
    this.name = "MalformedDocument";
    this.path = path;
    this.reads = reads;
  }
}

/** A stored document as its schema has it; throws a `MalformedDocument`. */
export function parseDocument<Schema extends z.ZodType>(
  schema: Schema,
  path: string,
  data: unknown,
): z.infer<Schema> {
  const result = schema.safeParse(data);
  if (result.success) return result.data;
  const fields = result.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`);
  throw new MalformedDocument(path, fields, (other) => schema.safeParse(other).success);
}
