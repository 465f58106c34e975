import { SalonId } from "#shared/core/ids.ts";
import { describeRoutes, queryParameter } from "#shared/runtime/openapi.ts";
import type { Route } from "./routes.ts";

/** The routes as OpenAPI 3.1, whose schemas are JSON Schema 2020-12. */
export function openApi(routes: readonly Route[]) {
  return describeRoutes(routes, {
    title: "Salon Flow Messaging: a salon's integration",
    description: "What the dashboard does. A salon is unknown to whoever is not its member.",
    token: { name: "idToken", format: "Firebase ID token" },
    parameters: { salonId: SalonId },
    describe: ({ atLeast, recentSignIn, note, query = {} }) => {
      const whom = `For the role ${atLeast} or higher${recentSignIn ? ", signed in within the last 5 minutes" : ""}.`;
      const parameters = Object.entries(query).map(([name, schema]) => queryParameter(name, schema));
      return {
        description: note === undefined ? whom : `${whom} ${note}`,
        ...(parameters.length === 0 ? {} : { parameters }),
      };
    },
  });
}
