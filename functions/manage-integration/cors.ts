import type { HttpFunction } from "@google-cloud/functions-framework";

const PREFLIGHT = {
  "Access-Control-Allow-Methods": "GET, POST, PUT, DELETE",
  "Access-Control-Allow-Headers": "Authorization, Content-Type",
  "Access-Control-Max-Age": "600",
};

/**
 * Lets pages of exactly this origin read the answers; without one, only pages of the function's own. Nobody else's
 * cache keeps any of them.
 */
export function allowOrigin(origin: string | undefined, answer: HttpFunction): HttpFunction {
  return (request, response) => {
    response.set({ Vary: "Origin", "Cache-Control": "no-store" });
    const allowed = origin !== undefined && request.get("origin") === origin;
    if (allowed) response.set("Access-Control-Allow-Origin", origin);
    if (request.method !== "OPTIONS") return answer(request, response);
    if (allowed) response.set(PREFLIGHT);
    response.status(204).end();
  };
}
