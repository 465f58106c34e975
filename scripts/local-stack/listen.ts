import type { Server } from "node:http";
import { claimPort } from "./free-port.ts";

/** Listens on loopback; port 0 takes any free one. `close` cuts connections that clients keep open. */
export async function listen(server: Server, port: number, wantedBy: string) {
  if (port !== 0) await claimPort(port, wantedBy);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  return {
    port: bound,
    host: `127.0.0.1:${bound}`,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
    },
  };
}
