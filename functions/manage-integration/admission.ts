import { isIP } from "node:net";
import type { RequestOrigin } from "#shared/audit/commitment.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Authenticate, Identity } from "#shared/identity/authenticate.ts";
import type { Authorize } from "#shared/identity/membership.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import type { Caller, RouteFacts } from "./routes.ts";

export interface Admission {
  readonly authenticate: Authenticate;
  readonly authorize: Authorize;
}

/** Lets whoever may use a route in, before anything of their request's body is read. */
export async function admit(
  { authenticate, authorize }: Admission,
  request: HttpRequest,
  { atLeast, recentSignIn = false }: RouteFacts,
  salon: string,
): Promise<Caller> {
  const identity = await signedIn(authenticate, request, recentSignIn);
  const salonId = SalonId.safeParse(salon).data;
  if (salonId === undefined) throw noSuchSalon();
  const actor = await authorize(identity, salonId, atLeast);
  const kind = actor.role === "operator" ? "operator" : "member";
  return { salonId, actor, by: { actor: { kind, id: actor.uid }, origin: originOf(request) } };
}

/**
 * Where a request came from. Google's front end appends the address it was called from to `X-Forwarded-For`; whatever
 * stands left of that, the caller may have written.
 */
export function originOf(request: Pick<HttpRequest, "header">): RequestOrigin {
  const appended = request.header("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "";
  const userAgent = request.header("user-agent");
  return {
    ...(isIP(appended) === 0 ? {} : { ip: appended }),
    ...(userAgent === undefined ? {} : { userAgent }),
  };
}

/** The reason lets the dashboard ask for the password again, where the role is not the matter. */
async function signedIn(
  authenticate: Authenticate,
  request: HttpRequest,
  recentSignIn: boolean,
): Promise<Identity> {
  try {
    return await authenticate(request.header("authorization"), { recentSignIn });
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "permission-denied") throw error;
    throw new AppError(error.code, error.message, {
      cause: error,
      context: { ...error.context, reason: "sign_in_again" },
    });
  }
}

/** The words of `Salons.open` and of `Authorize`; a test keeps them the same. */
function noSuchSalon(): AppError {
  return new AppError("not-found", "There is no open salon with this salon_id.", {
    context: { field: "salon_id" },
  });
}
