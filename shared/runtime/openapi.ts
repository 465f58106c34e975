import { z } from "zod";
import type { Contract } from "./route-contract.ts";

const REFUSAL = { $ref: "#/components/responses/Refusal" };

/** Every error of the suite has this shape. */
const Refusal = z.object({
  error: z.object({
    code: z.string().describe("One of a closed list, such as not-found"),
    message: z.string().describe("For a person"),
    field: z.string().optional().describe("Which field of the request it is about"),
    reason: z.string().optional().describe("A stable word, for a program to decide by"),
  }),
});

interface Description<Route> {
  readonly title: string;
  readonly description: string;
  /** What every request carries as its bearer token. */
  readonly token: { readonly name: string; readonly format: string };
  /** Schemas of what stands in the paths' braces. */
  readonly parameters: Readonly<Record<string, z.ZodType>>;
  /** What else is to be said of a route: whom it is for, what to know. */
  describe(route: Route): { readonly description?: string; readonly parameters?: readonly Parameter[] };
}

interface Parameter {
  readonly name: string;
  readonly in: "header" | "path" | "query";
  readonly required: boolean;
  readonly schema: unknown;
}

/** Routes as OpenAPI 3.1, whose schemas are JSON Schema 2020-12. */
export function describeRoutes<Route extends Contract>(routes: readonly Route[], about: Description<Route>) {
  const { title, description, token, parameters } = about;
  const paths = Object.groupBy(routes, ({ path }) => path);
  const operation = (route: Route) => ({
    operationId: route.operation,
    summary: route.summary,
    ...about.describe(route),
    security: [{ [token.name]: [] }],
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: content(route.body, "input") } }),
    responses: {
      [route.status]: {
        description: route.status === 202 ? "Begun." : "Done.",
        ...(route.answer === undefined ? {} : { content: content(route.answer, "output", route.type) }),
      },
      "401": REFUSAL,
      "403": REFUSAL,
      "404": REFUSAL,
      default: REFUSAL,
    },
  });
  return {
    openapi: "3.1.1",
    info: { title, version: "1", description },
    paths: Object.fromEntries(
      Object.entries<Route[] | undefined>(paths).map(([path, group = []]) => {
        const methods = group.map((route) => [route.method.toLowerCase(), operation(route)]);
        return [path, { parameters: pathParameters(path, parameters), ...Object.fromEntries(methods) }];
      }),
    ),
    components: {
      securitySchemes: { [token.name]: { type: "http", scheme: "bearer", bearerFormat: token.format } },
      responses: { Refusal: { description: "Refused, or failed.", content: content(Refusal, "output") } },
    },
  };
}

/** A parameter of a request's header, as its description shows it. */
export function headerParameter(name: string, schema: z.ZodType): Parameter {
  return { name, in: "header", required: true, schema: jsonSchema(schema, "input") };
}

/** A parameter of a request's query, which may be left out. */
export function queryParameter(name: string, schema: z.ZodType): Parameter {
  return { name, in: "query", required: false, schema: jsonSchema(schema, "input") };
}

function pathParameters(path: string, schemas: Readonly<Record<string, z.ZodType>>): Parameter[] {
  return [...path.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => {
    const schema = jsonSchema(schemas[name] ?? z.string(), "input");
    return { name, in: "path", required: true, schema };
  });
}

function content(schema: z.ZodType, io: "input" | "output", type = "application/json") {
  return { [type]: { schema: jsonSchema(schema, io) } };
}

function jsonSchema(schema: z.ZodType, io: "input" | "output") {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { target: "draft-2020-12", io });
  return described;
}
