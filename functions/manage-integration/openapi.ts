import { z } from "zod";
import { SalonId } from "#shared/core/ids.ts";
import type { Route } from "./routes.ts";

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

/** The routes as OpenAPI 3.1, whose schemas are JSON Schema 2020-12. */
export function openApi(routes: readonly Route[]) {
  const paths = Object.groupBy(routes, ({ path }) => `/v1/salons/{salonId}${path}`);
  return {
    openapi: "3.1.1",
    info: {
      title: "Salon Flow Messaging: a salon's integration",
      version: "1",
      description: "What the dashboard does. A salon is unknown to whoever is not its member.",
    },
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, group = []]) => [path, { parameters: [SALON], ...methods(group) }]),
    ),
    components: {
      securitySchemes: { idToken: { type: "http", scheme: "bearer", bearerFormat: "Firebase ID token" } },
      responses: { Refusal: { description: "Refused, or failed.", content: content(Refusal, "output") } },
    },
  };
}

const SALON = { name: "salonId", in: "path", required: true, schema: jsonSchema(SalonId, "input") };

function methods(group: readonly Route[]) {
  return Object.fromEntries(group.map((route) => [route.method.toLowerCase(), operation(route)]));
}

function operation({ operation, summary, atLeast, recentSignIn, body, status, answer }: Route) {
  return {
    operationId: operation,
    summary,
    description: `For the role ${atLeast} or higher${recentSignIn ? ", signed in within the last 5 minutes" : ""}.`,
    security: [{ idToken: [] }],
    ...(body === undefined ? {} : { requestBody: { required: true, content: content(body, "input") } }),
    responses: {
      [status]: {
        description: status === 202 ? "Begun." : "Done.",
        ...(answer === undefined ? {} : { content: content(answer, "output") }),
      },
      "401": REFUSAL,
      "403": REFUSAL,
      "404": REFUSAL,
      default: REFUSAL,
    },
  };
}

function content(schema: z.ZodType, io: "input" | "output") {
  return { "application/json": { schema: jsonSchema(schema, io) } };
}

function jsonSchema(schema: z.ZodType, io: "input" | "output") {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { target: "draft-2020-12", io });
  return described;
}
