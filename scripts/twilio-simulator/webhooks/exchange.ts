import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import type { Trouble } from "./connection-overrides.ts";

export interface Outgoing {
  readonly url: string;
  readonly method: "GET" | "POST";
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly connectTimeoutMs: number;
  readonly readTimeoutMs: number;
}

export type Outcome =
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly contentType: string;
      readonly location: string | undefined;
      readonly body: string;
    }
  | { readonly kind: "failure"; readonly trouble: Extract<Trouble, "ct" | "rt">; readonly reason: string };

export interface Exchange {
  (outgoing: Outgoing): Promise<Outcome>;
  /** Ends what is under way; each ends as a failure. */
  close(): void;
}

/** TwiML is small; what exceeds this is cut off. */
const LARGEST_ANSWER_CHARACTERS = 64 * 1024;

/** To one application; more webhooks wait their turn, so that a burst does not overrun its backlog. */
const MOST_CONNECTIONS = 128;

/** One HTTP request and its answer, or which phase failed: connecting (`ct`) or reading (`rt`). */
export function createExchange(): Exchange {
  const http = new HttpAgent({ keepAlive: true, maxSockets: MOST_CONNECTIONS });
  const https = new HttpsAgent({ keepAlive: true, maxSockets: MOST_CONNECTIONS });
  const stop = new AbortController();
  /** Connected before, so that the next request on it need not wait for that. */
  const established = new WeakSet<object>();

  function attempt(outgoing: Outgoing): Promise<Outcome & { reused?: boolean }> {
    return new Promise((resolve) => {
      const url = new URL(outgoing.url);
      const auth =
        url.username === ""
          ? {}
          : { auth: `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}` };
      const settings = { method: outgoing.method, headers: outgoing.headers, signal: stop.signal, ...auth };
      const request =
        url.protocol === "https:"
          ? httpsRequest(url, { ...settings, agent: https })
          : httpRequest(url, { ...settings, agent: http });
      let connected = false;
      let reused = false;
      const fail = (reason: string) => {
        resolve({ kind: "failure", trouble: connected ? "rt" : "ct", reason, reused });
      };
      let timer: NodeJS.Timeout | undefined;
      const allow = (ms: number, reason: string) => {
        clearTimeout(timer);
        timer = setTimeout(() => request.destroy(new Error(reason)), ms);
      };
      const onConnected = () => {
        connected = true;
        allow(outgoing.readTimeoutMs, "read timeout");
      };
      request.on("socket", (socket) => {
        reused = established.has(socket);
        if (reused) return onConnected();
        allow(outgoing.connectTimeoutMs, "connect timeout");
        socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => {
          established.add(socket);
          onConnected();
        });
      });
      request.on("error", (error) => fail(error.message));
      request.on("close", () => clearTimeout(timer));
      request.on("response", (response) => {
        readAnswer(response).then(resolve, (error: unknown) => fail(String(error)));
      });
      request.end(outgoing.body);
    });
  }

  async function exchange(outgoing: Outgoing): Promise<Outcome> {
    const outcome = await attempt(outgoing);
    // A kept connection that the server closed meanwhile says nothing about the server: ask again on a fresh one.
    const stale =
      outcome.kind === "failure" && outcome.reused === true && /ECONNRESET|hang up/.test(outcome.reason);
    return stale && !stop.signal.aborted ? await attempt(outgoing) : outcome;
  }

  return Object.assign(exchange, {
    close() {
      stop.abort();
      http.destroy();
      https.destroy();
    },
  });
}

async function readAnswer(response: IncomingMessage): Promise<Outcome> {
  response.setEncoding("utf8");
  let body = "";
  for await (const chunk of response) {
    if (body.length < LARGEST_ANSWER_CHARACTERS) body += String(chunk);
  }
  return {
    kind: "answer",
    status: response.statusCode ?? 0,
    contentType: response.headers["content-type"] ?? "",
    location: response.headers.location,
    body: body.slice(0, LARGEST_ANSWER_CHARACTERS),
  };
}
