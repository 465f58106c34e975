import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";
import { listen } from "#scripts/local-stack/listen.ts";

/**
 * The emulator of all tests knows one address for its events, and each test file listens at one of its own: the port is
 * the end of the trigger's id.
 */
export async function startEventRelay() {
  const server = createServer((request, response) => {
    relay(request, response).catch(() => response.destroy()); // the emulator hung up
  });
  return listen(server, 0, "the relay of Firestore events");
}

async function relay(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { url = "", headers } = request;
  const port = /-(\d+)\??[^/]*$/.exec(url)?.[1];
  const body = await buffer(request);
  response.writeHead(200).end(); // at once: the emulator sends the next event only after this answer
  const attributes = Object.entries(headers).filter(([name]) => name.startsWith("ce-"));
  const sent = new Headers(attributes.map(([name, value]) => [name, String(value)]));
  // A test file that has ended wants to hear no more.
  await fetch(`http://127.0.0.1:${port}${url}`, { method: "POST", headers: sent, body }).catch(() => {});
}
