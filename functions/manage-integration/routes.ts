import type { z } from "zod";
import { AppError } from "#shared/core/errors.ts";
import type { SalonId } from "#shared/core/ids.ts";
import type { Actor, Role } from "#shared/identity/membership.ts";
import type { ChangedBy } from "#shared/own-account/own-accounts.ts";
import { type HttpRequest, json, type Reply } from "#shared/runtime/http-boundary.ts";
import { parseJsonBody } from "#shared/runtime/json-body.ts";

/** Somebody who may do what the route does, and for which salon. */
export interface Caller {
  readonly salonId: SalonId;
  readonly actor: Actor;
  readonly by: ChangedBy;
}

export interface RouteFacts {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  /** Below `/v1/salons/{salonId}`. */
  readonly path: `/${string}`;
  /** Its name in the description and in the log. */
  readonly operation: string;
  readonly summary: string;
  readonly atLeast: Role;
  /** Whether the sign-in must be of the last five minutes: for what a stolen, still open session must not do. */
  readonly recentSignIn?: boolean;
  /** Whether it may change something while the salon's data is being erased. */
  readonly duringErasure?: boolean;
}

/** What a route takes, by its schema; without one, whatever is sent is not read. */
interface Takes<Body> {
  readonly schema: z.ZodType | undefined;
  read(request: HttpRequest): Body;
}

/** What a route answers when all went well. */
interface Gives<Result> {
  readonly status: 200 | 202 | 204;
  readonly schema: z.ZodType | undefined;
  reply(result: Result, log: NonNullable<Reply["log"]>): Reply;
}

export interface Route extends RouteFacts {
  readonly body: z.ZodType | undefined;
  readonly status: number;
  readonly answer: z.ZodType | undefined;
  serve(request: HttpRequest, caller: Caller): Promise<Reply>;
}

interface RouteOf<Body, Result> extends RouteFacts {
  readonly takes: Takes<Body>;
  readonly gives: Gives<Result>;
  work(caller: Caller, body: Body): Promise<Result>;
}

/** One route as the dispatcher and the description see it: what it takes and gives is checked inside. */
export function route<Body, Result>({ takes, gives, work, ...facts }: RouteOf<Body, Result>): Route {
  return {
    ...facts,
    body: takes.schema,
    status: gives.status,
    answer: gives.schema,
    serve: async (request, caller) => {
      const result = await work(caller, takes.read(request));
      return gives.reply(result, { salonId: caller.salonId, step: facts.operation });
    },
  };
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
  return { status, schema, reply: (result, log) => json(status, schema.parse(result), log) };
}

/** An answer that is JSON text already. */
export function jsonText(schema: z.ZodType): Gives<string> {
  return {
    status: 200,
    schema,
    reply: (text, log) => ({ status: 200, type: "application/json", body: text, log }),
  };
}

/** `done` when it is, `begun` when others go on with it. */
export function nothing(how: "done" | "begun"): Gives<void> {
  const status = how === "done" ? 204 : 202;
  return { status, schema: undefined, reply: (_, log) => ({ status, log }) };
}

/** The route of a request, and the salon it names, unchecked. */
export function findRoute(
  routes: readonly Route[],
  { method, path }: HttpRequest,
): { route: Route; salon: string } {
  const [, salon = "", below] = /^\/v1\/salons\/([^/]+)(\/.+)$/.exec(path) ?? [];
  const candidates = routes.filter((candidate) => candidate.path === below);
  const route = candidates.find((candidate) => candidate.method === method);
  if (route !== undefined) return { route, salon };
  if (candidates.length === 0) {
    throw new AppError(
      "not-found",
      "There is nothing at this path; /v1/openapi.json describes what there is.",
    );
  }
  const methods = candidates.map((candidate) => candidate.method).join(" or ");
  throw new AppError("method-not-allowed", `This path takes ${methods}.`);
}
