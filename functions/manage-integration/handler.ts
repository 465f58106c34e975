import type { Voicemails } from "#shared/calls/voicemails.ts";
import { AppError } from "#shared/core/errors.ts";
import type { Authenticate } from "#shared/identity/authenticate.ts";
import type { Authorize } from "#shared/identity/membership.ts";
import type { OwnAccounts } from "#shared/own-account/own-accounts.ts";
import { type Handler, json } from "#shared/runtime/http-boundary.ts";
import { findRoute } from "#shared/runtime/route-contract.ts";
import type { ErasureRequests } from "#shared/salon-data/erasure-requests.ts";
import type { ExportSalon } from "#shared/salon-data/export.ts";
import { admit } from "./admission.ts";
import { dataRoutes } from "./data-routes.ts";
import { integrationRoutes } from "./integration-routes.ts";
import { openApi } from "./openapi.ts";
import { ownAccountRoutes } from "./own-account-routes.ts";
import type { PlatformRequests } from "./platform-requests.ts";
import type { ReadView } from "./read-view.ts";
import { voicemailRoutes } from "./voicemail-routes.ts";
import type { ListenTo } from "./voicemail-sound.ts";
import { webhookRoutes } from "./webhook-routes.ts";

export interface Deps {
  readonly authenticate: Authenticate;
  readonly authorize: Authorize;
  readonly trustedProxyHops: number;
  readonly readView: ReadView;
  readonly platform: PlatformRequests;
  readonly ownAccounts: OwnAccounts;
  readonly exportSalon: ExportSalon;
  readonly erasures: ErasureRequests;
  readonly voicemails: Voicemails;
  readonly listenTo: ListenTo;
}

const DESCRIPTION_PATH = "/v1/openapi.json";

/** `/v1/salons/{salonId}/…`: everything the dashboard does, for the salon's members; `/v1/openapi.json` describes it. */
export function createHandler(deps: Deps): Handler {
  const routes = [
    ...integrationRoutes(deps),
    ...ownAccountRoutes(deps),
    ...webhookRoutes(deps),
    ...dataRoutes(deps),
    ...voicemailRoutes(deps),
  ];
  const description = json(200, openApi(routes));

  return async (request) => {
    if (request.path === DESCRIPTION_PATH) {
      if (request.method === "GET") return description;
      throw new AppError("method-not-allowed", "The description is read by GET.");
    }
    const { route, parameters } = findRoute(routes, request);
    const caller = await admit(deps, request, route, parameters.salonId);
    return route.serve(request, caller, parameters);
  };
}
