import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Reply } from "./reply.ts";

export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Path and query as they came. */
  readonly target: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Resolves when the client has gone away before an answer. */
  readonly gone: Promise<void>;
}

/** `hang up` destroys the socket without an answer. */
export type Answer = Reply | "hang up";

export type Serve = (request: HttpRequest) => Promise<Answer> | Answer;

/** Larger than any request of Twilio's API; a bigger body is cut off with 413. */
const LARGEST_BODY_BYTES = 1024 * 1024;

/** Starts an HTTP server on loopback; rejects with the system's error when the port is taken. */
export function listen(serve: Serve, port: number, host: string): Promise<Server> {
  const server = createServer((request, response) => {
    answer(serve, request, response).catch((error: unknown) => {
      console.error("twilio-simulator: a request failed", error);
      if (!response.headersSent) response.writeHead(500);
      response.end();
    });
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve(server);
    });
  });
}

async function answer(serve: Serve, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new Promise<void>((resolve) => response.once("close", resolve));
  const body = await readBody(request);
  if (body === "too large") {
    response.writeHead(413, { connection: "close" }).end();
    return;
  }
  const target = request.url ?? "/";
  const [path = "/", ...query] = target.split("?");
  const reply = await serve({
    method: request.method ?? "GET",
    path,
    query: new URLSearchParams(query.join("?")),
    target,
    headers: request.headers,
    body,
    gone,
  });
  if (reply === "hang up") {
    response.destroy();
    return;
  }
  const type = reply.contentType === undefined ? {} : { "content-type": reply.contentType };
  response.writeHead(reply.status, { ...type, ...reply.headers }).end(reply.body);
}

async function readBody(request: IncomingMessage): Promise<string | "too large"> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    size += bytes.length;
    if (size > LARGEST_BODY_BYTES) return "too large";
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}
