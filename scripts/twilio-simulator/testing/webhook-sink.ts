import { createServer, type IncomingHttpHeaders } from "node:http";

export interface SunkRequest {
  readonly method: string;
  /** The whole URL, as it was asked for. */
  readonly url: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface SinkReply {
  readonly status?: number;
  readonly type?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Before the answer. */
  readonly delayMs?: number;
}

export interface WebhookSink {
  readonly url: string;
  readonly requests: SunkRequest[];
  /** Decides the answers from now on; 200 with an empty body until told otherwise. */
  reply(answer: (request: SunkRequest) => SinkReply): void;
  close(): Promise<void>;
}

/** The application at the other end of the webhooks. */
export async function startWebhookSink(): Promise<WebhookSink> {
  const requests: SunkRequest[] = [];
  let answer: (request: SunkRequest) => SinkReply = () => ({});
  let origin = "";
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    const target = request.url ?? "/";
    const sunk = {
      method: request.method ?? "",
      url: origin + target,
      path: target.split("?")[0] ?? "",
      headers: request.headers,
      parameters: Object.fromEntries(new URLSearchParams(body)),
    };
    requests.push(sunk);
    const { status = 200, type = "text/xml", body: text = "", headers = {}, delayMs = 0 } = answer(sunk);
    const send = () => response.writeHead(status, { "content-type": type, ...headers }).end(text);
    if (delayMs === 0) send();
    else setTimeout(send, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const bound = server.address();
  if (typeof bound !== "object" || bound === null) throw new Error("The sink has no port.");
  origin = `http://127.0.0.1:${bound.port}`;
  return {
    url: origin,
    requests,
    reply: (next) => {
      answer = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
