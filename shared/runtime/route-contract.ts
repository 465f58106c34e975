import { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import { type HttpRequest, json, type Reply } from "./http-boundary.ts";
import { parseJsonBody } from "./json-body.ts";

/** What a route takes, by its schema; without one, whatever is sent is not read. */
export interface Takes<Body> {
  readonly schema: z.ZodType | undefined;
  read(request: HttpRequest): Body;
}

type ContentType = NonNullable<Reply["type"]>;
type Log = NonNullable<Reply["log"]>;

/** What a route answers when all went well. */
export interface Gives<Result> {
  readonly status: 200 | 202 | 204;
  readonly type: ContentType;
  readonly schema: z.ZodType | undefined;
  reply(result: Result, log: Log): Reply;
}

/** A route as its description shows it. */
export interface Contract {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** With its parameters in braces, each of one segment or a part of it: `/v1/messages/{messageId}:cancel`. */
  readonly path: `/${string}`;
  /** Its name in the description and in the log. */
  readonly operation: string;
  readonly summary: string;
  /** Schema of what it takes. */
  readonly body: z.ZodType | undefined;
  readonly status: number;
  readonly type: ContentType;
  /** Schema of what it answers; of NDJSON, what each line is. */
  readonly answer: z.ZodType | undefined;
}

/** What a contract says of a route's body and of its answer. */
export function shapeOf(takes: Takes<unknown>, gives: Omit<Gives<unknown>, "reply">) {
  const { status, type, schema } = gives;
  return { body: takes.schema, status, type, answer: schema };
}

export function body<Schema extends z.ZodType>(schema: Schema): Takes<z.infer<Schema>> {
  return { schema, read: (request) => parseJsonBody(request, schema) };
}

export const NO_BODY: Takes<undefined> = { schema: undefined, read: () => undefined };

/** An answer of exactly these fields: whatever else the result holds does not leave. */
export function answer<Schema extends z.ZodType>(
  schema: Schema,
  status: 200 | 202 = 200,
): Gives<z.input<Schema>> {
  const reply: Gives<z.input<Schema>>["reply"] = (result, log) => json(status, schema.parse(result), log);
  return { status, type: "application/json", schema, reply };
}

/** Lines of JSON, each of the schema and written as it comes. */
export function jsonLines(schema: z.ZodType): Gives<AsyncIterable<string>> {
  const type = "application/x-ndjson";
  return { status: 200, type, schema, reply: (body, log) => ({ status: 200, type, body, log }) };
}

/** A sound, written as it comes. */
export function mp3(): Gives<AsyncIterable<Uint8Array>> {
  const type = "audio/mpeg";
  const schema = z.string().meta({ contentMediaType: type });
  return { status: 200, type, schema, reply: (body, log) => ({ status: 200, type, body, log }) };
}

/** `done` when it is, `begun` when others go on with it. */
export function nothing(how: "done" | "begun"): Gives<void> {
  const status = how === "done" ? 204 : 202;
  return { status, type: "application/json", schema: undefined, reply: (_, log) => ({ status, log }) };
}

/** The route of a request, and what stands in the place of its path's parameters, unchecked. */
export function findRoute<Route extends Pick<Contract, "method" | "path">>(
  routes: readonly Route[],
  { method, path }: Pick<HttpRequest, "method" | "path">,
): { route: Route; parameters: Readonly<Record<string, string>> } {
  const candidates = routes.flatMap((route) => {
    const match = patternOf(route.path).exec(path);
    return match === null ? [] : [{ route, parameters: match.groups ?? {} }];
  });
  const found = candidates.find(({ route }) => route.method === method);
  if (found !== undefined) return found;
  if (candidates.length === 0) {
    throw new AppError(
      "not-found",
      "There is nothing at this path; /v1/openapi.json describes what there is.",
    );
  }
  const methods = candidates.map(({ route }) => route.method).join(" or ");
  throw new AppError("method-not-allowed", `This path takes ${methods}.`);
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replaceAll(/\{(\w+)\}/g, "(?<$1>[^/:]+)")}$`);
}
