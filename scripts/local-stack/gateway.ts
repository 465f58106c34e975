import { createServer, type IncomingMessage, type ServerResponse, request as sendRequest } from "node:http";
import { matchesGlob } from "node:path/posix";
import sirv from "sirv";
import { z } from "zod";
import { listen } from "./listen.ts";

/** The part of `firebase.json`'s `hosting.rewrites` that leads to functions; anything else leads nowhere here. */
const Rewrite = z.object({
  source: z.string(),
  function: z.object({ functionId: z.string() }).optional(),
  run: z.object({ serviceId: z.string() }).optional(),
});

interface Options {
  readonly port?: number;
  /** `hosting.public`: a file in it comes before every rewrite. */
  readonly publicFolder?: string;
  /** `hosting.rewrites` as it stands in firebase.json; the first that matches wins. */
  readonly rewrites: unknown;
  /** Where each function is, by its functionId or serviceId. */
  readonly targets: Readonly<Record<string, string>>;
}

export interface Gateway {
  readonly url: string;
  stop(): Promise<void>;
}

/** Plays Firebase Hosting: one address for all HTTP functions, the path and query untouched. */
export async function startGateway({ port = 0, publicFolder, rewrites, targets }: Options): Promise<Gateway> {
  const rules = z.array(Rewrite).parse(rewrites);
  const rewrite = (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const rule = rules.find(({ source }) => matchesGlob(path, source));
    const functionId = rule?.function?.functionId ?? rule?.run?.serviceId;
    const target = functionId === undefined ? undefined : targets[functionId];
    if (functionId === undefined) fail(response, 404, "not-found", "No rewrite of firebase.json matches.");
    else if (target === undefined) failDown(response, functionId);
    else forward(request, response, { functionId, target });
  };
  const files = publicFolder === undefined ? undefined : sirv(publicFolder, { dev: true });
  const server = createServer((request, response) => {
    if (files === undefined) rewrite(request, response);
    else files(request, response, () => rewrite(request, response));
  });
  const listening = await listen(server, port, "the gateway");
  return { url: `http://${listening.host}`, stop: listening.close };
}

interface Destination {
  readonly functionId: string;
  readonly target: string;
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { functionId, target }: Destination,
): void {
  const { host } = new URL(target);
  const options = {
    method: request.method,
    path: request.url,
    headers: forwardedHeaders(request, host),
    agent: false,
  };
  const upstream = sendRequest(target, options, (answer) => {
    const { connection: _, "keep-alive": __, ...headers } = answer.headers;
    response.writeHead(answer.statusCode ?? 502, headers);
    answer.pipe(response);
    answer.on("error", () => response.destroy());
  });
  upstream.on("error", () => (response.headersSent ? response.destroy() : failDown(response, functionId)));
  response.on("close", () => upstream.destroy());
  request.pipe(upstream);
}

/** As Hosting sets them: the visitor's host and address move to X-Forwarded-*, Host is the function's own. */
function forwardedHeaders(request: IncomingMessage, host: string) {
  const { connection: _, "keep-alive": __, ...headers } = request.headers;
  const visitor = request.socket.remoteAddress ?? "";
  const before = headers["x-forwarded-for"];
  return {
    ...headers,
    host,
    "x-forwarded-host": request.headers.host ?? "",
    "x-forwarded-proto": "https", // Hosting is reached by nothing else
    "x-forwarded-for": before === undefined ? visitor : `${before}, ${visitor}`,
  };
}

function failDown(response: ServerResponse, functionId: string): void {
  fail(response, 502, "unavailable", `The function ${functionId} is down.`);
}

function fail(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify({ error: { code, message } }));
}
