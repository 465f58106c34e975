import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { answers } from "./free-port.ts";
import { reapWithUs } from "./reaper.ts";

export interface ChildOptions {
  /** What people call it; begins every error message. */
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment; nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** It is up once this loopback port answers, or once it prints such a line. */
  readonly ready: { readonly port: number } | { readonly line: RegExp };
  readonly readyWithinMs?: number;
  readonly onLine?: (line: string) => void;
  /** What to do when the program is not installed. */
  readonly remedy?: string;
}

export interface Child {
  readonly pid: number;
  /** Settles when the process has ended, with a phrase such as "exit code 1" or "SIGKILL". */
  readonly ended: Promise<string>;
  /** SIGTERM, and SIGKILL if it is still there after `graceMs`. */
  stop(graceMs?: number): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

const LAST_LINES = 15;

/**
 * Starts a program and waits until it is ready. It gets its own process group, so that Ctrl-C in a terminal
 * reaches only us and we decide the order of leaving; the reaper takes it along if we end abruptly.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { name, command, args, env, cwd, ready, readyWithinMs = 30_000 } = options;
  const child = spawn(command, args, {
    cwd,
    env: { ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = await spawned(child, options);
  const letGo = reapWithUs(pid);

  const tail: string[] = [];
  let sawLine = false;
  const listen = (line: string) => {
    tail.push(line);
    if (tail.length > LAST_LINES) tail.shift();
    if ("line" in ready && ready.line.test(line)) sawLine = true;
    options.onLine?.(line);
  };
  createInterface({ input: child.stdout }).on("line", listen);
  createInterface({ input: child.stderr }).on("line", listen);

  let end: string | undefined;
  const ended = new Promise<string>((resolve) => {
    child.once("close", (code, signal) => {
      letGo();
      end = signal ?? `exit code ${code}`;
      resolve(end);
    });
  });
  const signalGroup = (signal: NodeJS.Signals) => {
    if (end !== undefined) return;
    try {
      process.kill(-pid, signal);
    } catch {
      // It ended between the question and the signal.
    }
  };
  const kill = async () => {
    signalGroup("SIGKILL");
    await ended;
  };
  const stop = async (graceMs = 5000) => {
    signalGroup("SIGTERM");
    const timer = setTimeout(() => signalGroup("SIGKILL"), graceMs);
    await ended;
    clearTimeout(timer);
  };

  const deadline = Date.now() + readyWithinMs;
  while (!("port" in ready ? await answers(ready.port) : sawLine)) {
    const late = Date.now() > deadline;
    if (end === undefined && !late) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    const reason =
      end === undefined ? `was not ready within ${readyWithinMs} ms` : `ended with ${end} while starting`;
    await kill();
    throw new Error([`${name} ${reason}. It said:`, ...tail].join("\n  "));
  }
  return { pid, ended, stop, kill };
}

function spawned(child: ChildProcess, { name, command, remedy }: ChildOptions): Promise<{ pid: number }> {
  return new Promise((resolve, reject) => {
    child.once("spawn", () => {
      const { pid } = child;
      if (pid === undefined) reject(new Error(`${name} started without a process id.`));
      else resolve({ pid });
    });
    child.once("error", (cause) => {
      const missing = "code" in cause && cause.code === "ENOENT";
      const problem = missing
        ? `needs the program ${command}, which is not installed`
        : "could not be started";
      reject(new Error([`${name} ${problem}.`, remedy ?? ""].join(" ").trim(), { cause }));
    });
  });
}
