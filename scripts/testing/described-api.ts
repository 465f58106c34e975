import { Ajv2020 } from "ajv/dist/2020.js";
import formats from "ajv-formats";
import { z } from "zod";

const Media = z.object({ schema: z.record(z.string(), z.unknown()) });
const Content = z.union([
  z.object({ "application/json": Media }),
  z.object({ "application/x-ndjson": Media }),
  z.object({ "audio/mpeg": Media }),
]);
const Answer = z.union([z.object({ $ref: z.string() }), z.object({ content: Content.optional() })]);
const Operation = z.object({
  operationId: z.string(),
  responses: z.record(z.string(), Answer),
  requestBody: z.object({ content: Content }).optional(),
});
const Description = z.object({
  openapi: z.string(),
  paths: z.record(z.string(), z.object({ parameters: z.unknown() }).catchall(Operation)),
  components: z.object({ responses: z.object({ Refusal: z.object({ content: Content }) }) }),
});

/** What stands on each line of an answer of lines. */
export function linesOf(body: unknown): unknown[] {
  const lines = z.string().endsWith("\n").parse(body).trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

/** An OpenAPI 3.1 description, as far as answers can be held against it. */
export function readDescription(document: unknown) {
  const { openapi, paths, components } = Description.parse(document);
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  const operations = Object.entries(paths).flatMap(([path, { parameters: _, ...methods }]) =>
    Object.entries(methods).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      pattern: new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`),
      operation,
    })),
  );

  /** What is wrong with an answer to a described request; undefined when nothing is, or nothing is described. */
  function problemOf(method: string, path: string, status: number, body: unknown): string | undefined {
    const found = operations.find((known) => known.method === method && known.pattern.test(path));
    if (found === undefined) return undefined;
    const { responses } = found.operation;
    const described = responses[String(status)] ?? (status >= 400 ? responses.default : undefined);
    if (described === undefined) return `${status} is not described`;
    const content = "$ref" in described ? components.responses.Refusal.content : described.content;
    if (content === undefined) return body === "" ? undefined : "a body where none is described";
    if ("audio/mpeg" in content) return undefined;
    const isLines = "application/x-ndjson" in content;
    const { schema } = isLines ? content["application/x-ndjson"] : content["application/json"];
    const validate = ajv.compile(schema);
    const bodies = isLines ? linesOf(body) : [body];
    return bodies.every((each) => validate(each)) ? undefined : ajv.errorsText(validate.errors);
  }

  return { openapi, operations, problemOf };
}
