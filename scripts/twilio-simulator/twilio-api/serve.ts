import type { FaultOf } from "../faults/fault.ts";
import type { Subject } from "../faults/faults.ts";
import { html, type Reply } from "../http/reply.ts";
import { createRouter, type Match } from "../http/router.ts";
import type { Answer, HttpRequest } from "../http/server.ts";
import type { Random } from "../random.ts";
import type { ApiHandler } from "./api-request.ts";
import { authenticate, authorize, claimedAccount } from "./authenticate.ts";
import { codeForStatus, describeCode, errorReply, TwilioError } from "./error.ts";
import type { RequestCounts } from "./request-counts.ts";
import { type ApiDeps, apiRoutes } from "./routes.ts";

interface Deps extends ApiDeps {
  readonly counts: RequestCounts;
  readonly random: Random;
  /** Before every answer. */
  readonly latencyMs: number;
}

type Spoil = FaultOf<"http_error"> | FaultOf<"timeout"> | FaultOf<"reset">;

/** Twilio's REST API: counts, delays, authenticates, acts, and lets the faults do their worst before or after. */
export function createApi(deps: Deps): (request: HttpRequest) => Promise<Answer> {
  const { world, faults, timers, counts, random, latencyMs } = deps;
  const find = createRouter(apiRoutes(deps));
  const underWay = new Map<string, number>();

  async function delay(subject: Subject) {
    const fault = faults.strike(["latency"], subject);
    const extra = fault === undefined ? 0 : fault.ms + random.next() * fault.jitter_ms;
    if (latencyMs + extra > 0) await timers.pause(latencyMs + extra);
  }

  async function spoilt(spoil: Spoil, gone: Promise<void>): Promise<Answer> {
    if (spoil.kind === "reset") return "hang up";
    if (spoil.kind === "timeout") {
      await (spoil.ms === undefined ? gone : Promise.race([gone, timers.pause(spoil.ms)]));
      return "hang up";
    }
    if (spoil.as === "html") return html(spoil.status, `<html><body><h1>${spoil.status}</h1></body></html>`);
    const code = spoil.code ?? codeForStatus(spoil.status);
    return errorReply({ status: spoil.status, code, message: spoil.message ?? describeCode(code).message });
  }

  function act(request: HttpRequest, { route, pathParameters }: Match<ApiHandler>): Reply {
    const { method, path, query, body, headers } = request;
    const caller = authenticate(world.accounts, headers.authorization);
    const accountSid = pathParameters.get("AccountSid");
    const account = accountSid === undefined ? caller : authorize(world.accounts, caller, accountSid, path);
    const form = new URLSearchParams(
      headers["content-type"]?.startsWith("application/json") === true ? "" : body,
    );
    return route.handler({ method, path, pathParameters, query, form, body, caller, account });
  }

  function actOrRefuse(request: HttpRequest, match: Match<ApiHandler>): Reply {
    try {
      return act(request, match);
    } catch (error) {
      if (error instanceof TwilioError) return errorReply(error);
      throw error;
    }
  }

  async function answer(request: HttpRequest, claimed: string): Promise<Answer> {
    const { method, path, gone } = request;
    const match = find(method, path);
    if (typeof match === "string") {
      counts.count(method, "(unknown)", claimed);
      return errorReply(unknown(match, path));
    }
    counts.count(method, match.route.path, claimed);
    const parameters = method === "POST" ? new URLSearchParams(request.body) : request.query;
    const to = parameters.get("To") ?? undefined;
    const inPath = match.pathParameters.get("AccountSid");
    const subject = { method, path, to, accountSids: inPath === undefined ? [claimed] : [inPath, claimed] };
    await delay(subject);
    const spoil = faults.strike(["http_error", "timeout", "reset"], subject);
    if (spoil?.when === "before") return spoilt(spoil, gone);
    const reply = actOrRefuse(request, match);
    return spoil === undefined ? reply : spoilt(spoil, gone);
  }

  return async (request) => {
    const claimed = claimedAccount(request.headers.authorization);
    const concurrent = (underWay.get(claimed) ?? 0) + 1;
    underWay.set(claimed, concurrent);
    const began = performance.now();
    try {
      const reply = await answer(request, claimed);
      if (reply === "hang up") return reply;
      const headers = {
        "Twilio-Request-Id": random.sid("RQ"),
        "Twilio-Concurrent-Requests": String(concurrent),
        "Twilio-Request-Duration": ((performance.now() - began) / 1000).toFixed(3),
        "X-API-Domain": "api.twilio.com",
      };
      return { ...reply, headers: { ...headers, ...reply.headers } };
    } finally {
      const left = (underWay.get(claimed) ?? 1) - 1;
      if (left === 0) underWay.delete(claimed);
      else underWay.set(claimed, left);
    }
  };
}

function unknown(why: "no such path" | "no such method", path: string): TwilioError {
  if (why === "no such method") return new TwilioError(20004);
  return new TwilioError(20404, `The requested resource ${path} was not found`);
}
