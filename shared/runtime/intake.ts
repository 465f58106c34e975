import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { IncomingMessage } from "node:http";

const CHANNEL = "http.server.request.start";

/**
 * Keeps this process from holding more of a request than `maxBytes`. functions-framework reads up to a gigabyte before a
 * function sees anything of it, and unpacks what is compressed on the way, so that one small request could use up an
 * instance's memory. What is compressed stays so; a body that goes on beyond the limit has its connection cut, since
 * nobody but an attacker sends one (a smaller one that is still too large is answered by the function). Gives back what
 * ends it.
 */
export function limitIntake(maxBytes: number): () => void {
  const begin = (event: unknown): void => {
    const request = typeof event === "object" && event !== null && "request" in event && event.request;
    if (!(request instanceof IncomingMessage)) return;
    delete request.headers["content-encoding"];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) request.destroy();
    });
  };
  subscribe(CHANNEL, begin);
  return () => void unsubscribe(CHANNEL, begin);
}
