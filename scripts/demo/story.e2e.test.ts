import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventually } from "./eventually.ts";

const START = fileURLToPath(new URL("./start.ts", import.meta.url));
const STEPS = [
  "Salon A asks for messaging and is set up",
  "A booking confirmation is sent and delivered",
  "The customer answers and is greeted",
  "The customer calls",
  "Usage is rolled up, twice",
  "Salon B is set up by its first message",
  "A worker dies in the middle of a send",
  "Salon A brings its own Twilio account",
  "Salon A's account is suspended",
  "What must not get in",
  "A campaign of 5,000 delays nothing critical",
];

describe("npm start", () => {
  let start: ChildProcess;
  let output = "";

  beforeAll(async () => {
    start = spawn(process.execPath, [START, "--gateway-port", "0", "--simulator-port", "0"]);
    start.stdout?.on("data", (text) => {
      output += String(text);
    });
    start.stderr?.on("data", (text) => {
      output += String(text);
    });
    const up = async () => (output.includes("Press Ctrl-C") || start.exitCode !== null ? true : undefined);
    await eventually("the story to end", up, 150_000);
  });

  afterAll(() => {
    start.kill("SIGKILL");
  });

  it.each(STEPS)("plays the story: %s", (title) => {
    expect(output).toMatch(new RegExp(`^${title} +held`, "m"));
  });

  it("serves the voice fallback that Twilio fetches when every function is down", async () => {
    const gateway = /Webhooks \(gateway\) +(http:\/\/[\d.:]+)/.exec(output)?.[1];
    const response = await fetch(`${gateway}/voice-fallback.xml`);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toContain("text/xml");
    expect(await response.text()).toContain("<Say");
  });

  it("stops every process it started on Ctrl-C, and exits 0", async () => {
    const started = descendantsOf(start.pid ?? 0);
    expect(started.length).toBeGreaterThan(10);
    start.kill("SIGINT");
    const [code] = await once(start, "exit");
    expect(code).toBe(0);
    await eventually(
      "every process to be gone",
      async () => (started.some(isAlive) ? undefined : true),
      5_000,
    );
  });
});

/** The process ids of all children and their children. */
function descendantsOf(pid: number): number[] {
  const rows = execFileSync("ps", ["-e", "-o", "pid=,ppid="], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map((row) => row.trim().split(/\s+/).map(Number));
  const childrenOf = (parent: number): number[] =>
    rows.flatMap(([child = 0, ppid]) => (ppid === parent ? [child, ...childrenOf(child)] : []));
  return childrenOf(pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
