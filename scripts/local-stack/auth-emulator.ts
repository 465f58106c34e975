import { fileURLToPath } from "node:url";
import { startChild } from "./child-process.ts";
import { claimPort } from "./free-port.ts";

export interface AuthEmulator {
  /** For FIREBASE_AUTH_EMULATOR_HOST. */
  readonly host: string;
  stop(): Promise<void>;
}

interface Options {
  readonly port?: number;
  /** Whose users sign in with an API key; any key will do. Administrators name their project themselves. */
  readonly projectId: string;
}

const SERVER = fileURLToPath(new URL("./auth-emulator-server.cjs", import.meta.url));

/** Firebase Auth on loopback, without Java, a login or a network. Up in three to eight seconds. */
export async function startAuthEmulator(options: Options): Promise<AuthEmulator> {
  const port = await claimPort(options.port ?? 0, "the Auth emulator");
  const child = await startChild({
    name: "The Auth emulator",
    command: process.execPath,
    args: [SERVER, String(port), options.projectId],
    env: { PATH: process.env.PATH },
    ready: { line: /Auth emulator is listening/ },
    remedy: "Run `npm ci`.",
  });
  return { host: `127.0.0.1:${port}`, stop: child.stop };
}
