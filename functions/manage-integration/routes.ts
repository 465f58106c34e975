import type { z } from "zod";
import type { SalonId } from "#shared/core/ids.ts";
import type { Actor, Role } from "#shared/identity/membership.ts";
import type { ChangedBy } from "#shared/own-account/own-accounts.ts";
import type { HttpRequest, Reply } from "#shared/runtime/http-boundary.ts";
import { type Contract, type Gives, shapeOf, type Takes } from "#shared/runtime/route-contract.ts";

/** Somebody who may do what the route does, and for which salon. */
export interface Caller {
  readonly salonId: SalonId;
  readonly actor: Actor;
  readonly by: ChangedBy;
}

/** What stands in the place of a path's parameters, unchecked. */
type Parameters = Readonly<Record<string, string>>;

export interface RouteFacts extends Pick<Contract, "method" | "path" | "operation" | "summary"> {
  readonly atLeast: Role;
  /** Whether the sign-in must be of the last five minutes: for what a stolen, still open session must not do. */
  readonly recentSignIn?: boolean;
  /** Whether who may use it still may when the salon has closed: for what the law gives them. */
  readonly alsoClosed?: boolean;
  /** What its query may hold. */
  readonly query?: Readonly<Record<string, z.ZodType>>;
  /** What else whoever calls it should know. */
  readonly note?: string;
}

export interface Route extends RouteFacts, Contract {
  serve(request: HttpRequest, caller: Caller, parameters: Parameters): Promise<Reply>;
}

interface RouteOf<Body, Result> extends RouteFacts {
  /** Below `/v1/salons/{salonId}`. */
  readonly path: `/${string}`;
  readonly takes: Takes<Body>;
  readonly gives: Gives<Result>;
  work(caller: Caller, body: Body, parameters: Parameters): Promise<Result>;
}

/** One route as the dispatcher and the description see it: what it takes and gives is checked inside. */
export function route<Body, Result>({ takes, gives, work, ...facts }: RouteOf<Body, Result>): Route {
  return {
    ...facts,
    ...shapeOf(takes, gives),
    path: `/v1/salons/{salonId}${facts.path}`,
    serve: async (request, caller, parameters) => {
      const result = await work(caller, takes.read(request), parameters);
      return gives.reply(result, { salonId: caller.salonId, step: facts.operation });
    },
  };
}
