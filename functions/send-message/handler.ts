import { AppError } from "#shared/core/errors.ts";
import type { AuthenticateCaller } from "#shared/identity/caller.ts";
import { type Handler, json } from "#shared/runtime/http-boundary.ts";
import { findRoute } from "#shared/runtime/route-contract.ts";
import { bulkRoute } from "./bulk-route.ts";
import { type CallRoutesDeps, createCallRoutes } from "./call-routes.ts";
import { contactRoutes } from "./contact-routes.ts";
import { messageRoutes } from "./message-routes.ts";
import { openApi } from "./openapi.ts";
import { sentRoutes } from "./sent-routes.ts";

type Needs = Parameters<typeof messageRoutes>[0] &
  Parameters<typeof bulkRoute>[0] &
  Parameters<typeof sentRoutes>[0] &
  Parameters<typeof contactRoutes>[0] &
  CallRoutesDeps;

export interface Deps extends Needs {
  readonly authenticate: AuthenticateCaller;
}

const DESCRIPTION_PATH = "/v1/openapi.json";
const BULK_PATH = "/v1/messages:bulk";
/**
 * Room for any message whose every character is escaped as 6 bytes: 10 addresses of 1,000 and a text of 1,600 are
 * 69,600, the subject, address and names of fields beside them less than 8,000.
 */
const MAX_BODY_BYTES = 81_920;
const MAX_BULK_BYTES = 2 * 1_024 * 1_024;

/** How much a request may hold, before anything of it is read. */
export function maxBodyBytes(path: string): number {
  return path === BULK_PATH ? MAX_BULK_BYTES : MAX_BODY_BYTES;
}

/** `/v1/messages…`, `/v1/calls…` and `/v1/contacts…`: what services do for salons; `/v1/openapi.json` describes it. */
export function createHandler(deps: Deps): Handler {
  const routes = [
    ...messageRoutes(deps),
    bulkRoute(deps),
    ...sentRoutes(deps),
    ...createCallRoutes(deps),
    ...contactRoutes(deps),
  ];
  const description = json(200, openApi(routes));

  return async (request) => {
    const { email } = await deps.authenticate(request);
    if (request.path === DESCRIPTION_PATH) {
      if (request.method === "GET") return description;
      throw new AppError("method-not-allowed", "The description is read by GET.");
    }
    const { route, parameters } = findRoute(routes, request);
    return route.serve(request, { caller: email, request, parameters });
  };
}
