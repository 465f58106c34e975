import { createServer, type IncomingHttpHeaders } from "node:http";
import { buffer } from "node:stream/consumers";
import { listen } from "#scripts/local-stack/listen.ts";

export interface RecordedRequest {
  readonly method: string;
  /** Path and query as they came. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

/** An HTTP server that keeps every request and answers with what `answer` decides; 204 unless told otherwise. */
export async function startRecordingServer(
  answer: (request: RecordedRequest, count: number) => number | Promise<number> = () => 204,
) {
  const requests: RecordedRequest[] = [];
  const server = createServer(async (incoming, response) => {
    const { method = "", url = "", headers } = incoming;
    const request = { method, path: url, headers, body: await buffer(incoming) };
    const count = requests.push(request);
    response.writeHead(await answer(request, count)).end();
  });
  const listening = await listen(server, 0, "the recording server");
  return { url: `http://${listening.host}`, requests, stop: listening.close };
}
