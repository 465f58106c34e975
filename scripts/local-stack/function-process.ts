import { appendFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Child, startChild } from "./child-process.ts";
import { claimPort } from "./free-port.ts";

export interface FunctionOptions {
  readonly name: string;
  /** Folder of the built bundle, with its own package.json. */
  readonly folder: string;
  /** Name under which the bundle registers its function. */
  readonly target: string;
  readonly signatureType: "http" | "cloudevent";
  readonly port?: number;
  /** All it sees beside PATH and NODE_ENV=production. */
  readonly env: Readonly<Record<string, string>>;
  /** Gets every line of its output. */
  readonly logFile?: string;
}

export interface FunctionProcess {
  readonly name: string;
  readonly url: string;
  /** Of the instance running now. */
  readonly pid: number;
  /** How often an instance was replaced because it had died. */
  readonly restarts: number;
  /** SIGKILL, as when an instance runs out of memory; another one follows. */
  kill(): Promise<void>;
  stop(): Promise<void>;
  /** The last lines of output, oldest first. */
  logs(): string[];
}

const MAX_LINES = 1000;
const FRAMEWORK = fileURLToPath(new URL("../../node_modules/.bin/functions-framework", import.meta.url));
const LOOPBACK_ONLY = fileURLToPath(new URL("./loopback-only.cjs", import.meta.url));

/** Runs a built function under functions-framework and, as Cloud Run would, replaces an instance that dies. */
export async function startFunction(options: FunctionOptions): Promise<FunctionProcess> {
  const { name, env, logFile } = options;
  const port = await claimPort(options.port ?? 0, `the function ${name}`);
  const lines: string[] = [];
  const log = (line: string) => {
    lines.push(line);
    if (lines.length > MAX_LINES) lines.shift();
    if (logFile !== undefined) appendFileSync(logFile, `${line}\n`);
  };
  const start = () =>
    startChild({
      name: `The function ${name}`,
      command: process.execPath,
      args: frameworkArguments(options, port),
      env: { PATH: process.env.PATH, NODE_ENV: "production", ...env },
      ready: { port },
      onLine: log,
    });

  let instance: Child = await start();
  let restarts = 0;
  let stopping = false;

  const supervise = async () => {
    while (!stopping) {
      const reason = await instance.ended;
      if (stopping) return;
      log(`The function ${name} ended with ${reason}; starting it again.`);
      const next = await start().catch((error: unknown) => log(String(error)));
      if (next === undefined) {
        await delay(500); // a bundle that cannot start is not hammered
        continue;
      }
      instance = next;
      restarts += 1;
    }
  };
  const supervisor = supervise();

  return {
    name,
    url: `http://127.0.0.1:${port}`,
    get pid() {
      return instance.pid;
    },
    get restarts() {
      return restarts;
    },
    kill: () => instance.kill(),
    stop: async () => {
      stopping = true;
      await instance.stop();
      await supervisor;
      await instance.stop(); // one that was being started meanwhile
    },
    logs: () => [...lines],
  };
}

function frameworkArguments({ folder, target, signatureType }: FunctionOptions, port: number): string[] {
  return [
    "--require",
    LOOPBACK_ONLY,
    FRAMEWORK,
    `--source=${folder}`,
    `--target=${target}`,
    `--signature-type=${signatureType}`,
    `--port=${port}`,
  ];
}
