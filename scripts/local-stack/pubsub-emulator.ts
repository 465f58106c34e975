import { claimPort } from "./free-port.ts";
import { startJavaEmulator } from "./java-emulator.ts";

export interface PubSubEmulator {
  /** For PUBSUB_EMULATOR_HOST. */
  readonly host: string;
  stop(): Promise<void>;
}

/** Pub/Sub on loopback, for any project. */
export async function startPubSubEmulator(options: { port?: number } = {}): Promise<PubSubEmulator> {
  const port = await claimPort(options.port ?? 0, "the Pub/Sub emulator");
  const child = await startJavaEmulator({
    emulator: "pubsub",
    args: (jar) => ["-jar", jar, "--host=127.0.0.1", `--port=${port}`],
    ready: /Server started, listening on/,
  });
  return { host: `127.0.0.1:${port}`, stop: child.stop };
}
