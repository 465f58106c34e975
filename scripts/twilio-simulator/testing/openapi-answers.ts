import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";
import formats from "ajv-formats";
import { z } from "zod";
import { createRouter, type Method, type Route } from "../http/router.ts";
import { ANSWERED, DESCRIPTIONS } from "../openapi/answered-operations.ts";

const Tree = z.record(z.string(), z.unknown());
const Document = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ responses: z.record(z.string(), Tree) }))),
  components: z.object({ schemas: z.record(z.string(), Tree) }),
});
const Content = z.object({ content: z.object({ "application/json": z.object({ schema: Tree }) }) });

export interface AnswerCheck {
  /** What is wrong with an answer, according to Twilio's description; empty when it is right. */
  problems(method: string, path: string, status: number, body: unknown): readonly string[];
  /** The operations whose answers have been looked at, as `METHOD path`. */
  readonly seen: ReadonlySet<string>;
}

type Answers = ReadonlyMap<string, ValidateFunction | "no body">;

export function createAnswerCheck(): AnswerCheck {
  const routes = [...operations()];
  const find = createRouter(routes);
  const seen = new Set<string>();
  return {
    seen,
    problems(method, path, status, body) {
      const match = find(method, path);
      if (typeof match === "string") return [`${method} ${path}: ${match} in Twilio's description`];
      seen.add(`${method} ${match.route.path}`);
      const validate = match.route.handler.get(String(status));
      if (validate === undefined) return [`${status} is not among the described answers`];
      if (validate === "no body") return body === "" ? [] : ["a body where none is described"];
      return validate(body)
        ? []
        : (validate.errors ?? []).map(
            ({ instancePath, message, params }) => `${instancePath} ${message} ${JSON.stringify(params)}`,
          );
    },
  };
}

function* operations(): Generator<Route<Answers>> {
  for (const [name, answered] of Object.entries(ANSWERED)) {
    const file = Object.entries(DESCRIPTIONS).find(([original]) => original === name)?.[1] ?? "";
    const source = readFileSync(new URL(`../openapi/${file}`, import.meta.url), "utf8");
    const document = Document.parse(JSON.parse(source));
    const ajv = createAjv();
    for (const [schema, definition] of Object.entries(document.components.schemas)) {
      ajv.addSchema(
        asJsonSchema(
          definition,
          /^(api|accounts|messaging\.v1|content\.v1)\.|channels_sender_response$/.test(schema),
        ),
        `#/components/schemas/${schema}`,
      );
    }
    for (const operation of answered) {
      const [method = "", path = ""] = operation.split(" ");
      const responses = document.paths[path]?.[method.toLowerCase()]?.responses ?? {};
      yield {
        method: z.enum(["GET", "POST", "DELETE"]).parse(method) satisfies Method,
        path,
        handler: answersOf(ajv, responses),
      };
    }
  }
}

function answersOf(ajv: Ajv, responses: Readonly<Record<string, unknown>>): Answers {
  const answers = new Map<string, ValidateFunction | "no body">();
  for (const [status, response] of Object.entries(responses)) {
    const described = Content.safeParse(response);
    const schema = described.data?.content["application/json"].schema;
    answers.set(
      status,
      schema === undefined ? "no body" : ajv.compile(asJsonSchema(schema, "properties" in schema)),
    );
  }
  return answers;
}

function createAjv(): Ajv {
  const ajv = new Ajv({ strict: false, allErrors: true });
  formats.default(ajv, ["date", "date-time"]);
  ajv.addFormat(
    "date-time-rfc-2822",
    /^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} \+0000$/,
  );
  ajv.addFormat("uri", (text) => text === "" || text.startsWith("/") || URL.canParse(text));
  ajv.addFormat("currency", /^[A-Za-z]{3}$/);
  ajv.addFormat("iso-country-code", /^[A-Z]{2}$/);
  ajv.addFormat("http-method", /^(GET|POST)$/);
  // Twilio puts national notation and channel addresses under this name too.
  for (const vague of ["int32", "phone-number", "phone-number-capabilities", "uri-map"])
    ajv.addFormat(vague, true);
  return ajv;
}

/**
 * OpenAPI 3.0 in JSON Schema's words: `nullable` becomes a type. `whole` also asks for every described property and
 * no other, because Twilio always sends them all although its descriptions do not say so.
 */
function asJsonSchema(schema: unknown, whole: boolean): Record<string, unknown> {
  const { nullable, ...rest } = Tree.parse(schema);
  const converted = Object.fromEntries(
    Object.entries(rest).map(([key, value]) => [key, convertedKeyword(key, value)]),
  );
  if (whole && rest.properties !== undefined) {
    converted.required = Object.keys(Tree.parse(rest.properties));
    converted.additionalProperties = false;
  }
  return nullable === true ? { anyOf: [converted, { type: "null" }] } : converted;
}

function convertedKeyword(key: string, value: unknown): unknown {
  if (key === "items") return asJsonSchema(value, false);
  if (key !== "properties") return value;
  return Object.fromEntries(
    Object.entries(Tree.parse(value)).map(([name, inner]) => [name, asJsonSchema(inner, false)]),
  );
}
