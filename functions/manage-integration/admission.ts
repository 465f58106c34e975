import type { RequestOrigin } from "#shared/audit/commitment.ts";
import { AppError } from "#shared/core/errors.ts";
import { SalonId } from "#shared/core/ids.ts";
import type { Authenticate, Identity } from "#shared/identity/authenticate.ts";
import type { Actor, Authorize } from "#shared/identity/membership.ts";
import type { ChangedBy } from "#shared/own-account/own-accounts.ts";
import { clientAddress } from "#shared/runtime/client-address.ts";
import type { HttpRequest } from "#shared/runtime/http-boundary.ts";
import { noSuchSalon } from "#shared/salons/no-such-salon.ts";
import type { Caller, RouteFacts } from "./routes.ts";

export interface Admission {
  readonly authenticate: Authenticate;
  readonly authorize: Authorize;
  /** Proxies of ours between Google's front end and the function: TRUSTED_PROXY_HOPS. */
  readonly trustedProxyHops: number;
}

/** Lets whoever may use a route in, before anything of their request's body is read. */
export async function admit(
  { authenticate, authorize, trustedProxyHops }: Admission,
  request: HttpRequest,
  { atLeast, recentSignIn = false, alsoClosed }: RouteFacts,
  salon: string | undefined,
): Promise<Caller> {
  const identity = await signedIn(authenticate, request, recentSignIn);
  const salonId = SalonId.safeParse(salon).data;
  if (salonId === undefined) throw noSuchSalon();
  const actor = await authorize(identity, salonId, atLeast, { alsoClosed });
  const origin = originOf(request, trustedProxyHops);
  return { salonId, actor, by: { ...whoIs(actor), origin } };
}

/** Under which id the audit has them, and under which name the salon's owner is told of them. */
export function whoIs({ uid, email, role }: Actor): Omit<ChangedBy, "origin"> {
  if (role === "operator") return { actor: { kind: "operator", id: uid }, name: "Salon Flow support" };
  return { actor: { kind: "member", id: uid }, name: email };
}

/** Where a request came from, as far as the caller cannot have made it up. */
export function originOf(request: Pick<HttpRequest, "header">, trustedProxyHops: number): RequestOrigin {
  const ip = clientAddress(request.header("x-forwarded-for"), trustedProxyHops);
  const userAgent = request.header("user-agent");
  return {
    ...(ip === undefined ? {} : { ip }),
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
