import { connect, createServer } from "node:net";

/**
 * The port to listen on: a free one for 0, else `port` itself, after making sure that nobody has it.
 * Programs that cannot pick a port themselves need the number before they start, so another program could in
 * theory take it in between; the operating system hands ports out in turn, which makes that rare.
 */
export async function claimPort(port: number, wantedBy: string): Promise<number> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once("error", (error) => reject(translate(error, port, wantedBy)));
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      const claimed = typeof address === "object" && address !== null ? address.port : port;
      server.close(() => resolve(claimed));
    });
  });
}

function translate(error: Error, port: number, wantedBy: string): Error {
  if (!("code" in error) || error.code !== "EADDRINUSE") return error;
  return new Error(
    `Port ${port}, wanted by ${wantedBy}, is in use: stop the program that has it (see \`lsof -i :${port}\`) or choose another port.`,
    { cause: error },
  );
}

/** Whether something listens on that loopback port. */
export function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
