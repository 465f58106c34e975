import { json } from "../http/reply.ts";
import { createRouter, type Route } from "../http/router.ts";
import type { Answer, HttpRequest } from "../http/server.ts";
import { errorReply } from "../twilio-api/error.ts";
import { AdminError, type AdminHandler } from "./admin-request.ts";

/** The engineer's side, all under /simulator. */
export function createAdmin(
  routes: readonly Route<AdminHandler>[],
): (request: HttpRequest) => Promise<Answer> {
  const find = createRouter(routes);
  return async ({ method, path, query, body, headers }) => {
    if (!isLocal(headers.host, headers.origin)) {
      return json(403, {
        field: "origin",
        message: "origin: only this machine and the simulator's own pages may ask.",
      });
    }
    const match = find(method, path);
    if (match === "no such path") {
      return errorReply({
        status: 404,
        code: 20404,
        message: `The requested resource ${path} was not found`,
      });
    }
    if (match === "no such method")
      return errorReply({ status: 405, code: 20004, message: "Method not allowed" });
    try {
      return await match.route.handler({ query, body, pathParameters: match.pathParameters });
    } catch (error) {
      if (error instanceof AdminError)
        return json(error.status, { field: error.field, message: error.message });
      throw error;
    }
  };
}

/** There is no password here, so a web page from elsewhere, open in the same browser, must not get through. */
function isLocal(host: string | undefined, origin: string | undefined): boolean {
  const isLoopback = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host ?? "");
  return isLoopback && (origin === undefined || origin === `http://${host}`);
}
