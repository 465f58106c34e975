import type { LogFields } from "#shared/core/logger.ts";
import type { CallerEmail } from "#shared/identity/caller-policies.ts";
import type { HttpRequest, Reply } from "#shared/runtime/http-boundary.ts";
import { type Contract, type Gives, shapeOf, type Takes } from "#shared/runtime/route-contract.ts";

/** A request of a service that is known by its token; for which salons it may ask is another matter. */
export interface Call {
  readonly caller: CallerEmail;
  readonly request: Pick<HttpRequest, "header">;
  /** What stands in the place of the path's parameters, unchecked. */
  readonly parameters: Readonly<Record<string, string>>;
}

interface RouteFacts extends Pick<Contract, "method" | "path" | "operation" | "summary"> {
  /** What else whoever calls it should know. */
  readonly note?: string;
  /** Whether it takes the header Idempotency-Key. */
  readonly isKeyed?: boolean;
}

export interface Route extends RouteFacts, Contract {
  serve(request: HttpRequest, call: Call): Promise<Reply>;
}

/** What came of a call: its answer, and what its log line says. */
export interface Outcome<Result> {
  readonly answer: Result;
  readonly log: LogFields;
}

interface RouteOf<Body, Result> extends RouteFacts {
  readonly takes: Takes<Body>;
  readonly gives: Gives<Result>;
  work(call: Call, body: Body): Promise<Outcome<Result>>;
}

/** One route as the dispatcher and the description see it: what it takes and gives is checked inside. */
export function route<Body, Result>({ takes, gives, work, ...facts }: RouteOf<Body, Result>): Route {
  return {
    ...facts,
    ...shapeOf(takes, gives),
    serve: async (request, call) => {
      const { answer, log } = await work(call, takes.read(request));
      return gives.reply(answer, { step: facts.operation, ...log });
    },
  };
}
