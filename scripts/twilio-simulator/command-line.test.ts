import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { readCommandLine } from "./command-line.ts";
import { startTwilioSimulator } from "./simulator.ts";
import { until } from "./testing/until.ts";

const main = fileURLToPath(new URL("main.ts", import.meta.url));

function run(...args: string[]) {
  const child = spawn(process.execPath, [main, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const output = { out: "", err: "" };
  child.stdout.on("data", (chunk) => {
    output.out += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    output.err += String(chunk);
  });
  return { child, output, ended: once(child, "close") };
}

test("reads every flag", () => {
  const sid = `AC${"0".repeat(32)}`;
  const flags = `--port 0 --seed 9 --account-sid ${sid} --auth-token t --latency-ms 5 --stage-ms 1 --price-ms 2 --subaccount-limit 3`;
  expect(readCommandLine(flags.split(" "))).toEqual({
    kind: "start",
    options: {
      port: 0,
      seed: 9,
      mainAccountSid: sid,
      mainAuthToken: "t",
      latencyMs: 5,
      stageMs: 1,
      priceMs: 2,
      subaccountLimit: 3,
    },
  });
});

test.each([
  ["--port x", "--port must be a whole number. Run with --help to see all flags."],
  ["--port 70000", "--port must be from 0 to 65535. Run with --help to see all flags."],
  [
    "--account-sid AC1",
    "--account-sid must be AC and 32 hexadecimal digits. Run with --help to see all flags.",
  ],
  ["--prot 1", "Unknown option '--prot'. Run with --help to see all flags."],
])("answers %s with one sentence that names the remedy", (flags, sentence) => {
  expect(readCommandLine(flags.split(" "))).toEqual({ kind: "wrong", sentence });
});

test.each(["SIGINT", "SIGTERM"] as const)(
  "says where it is and what to use, and ends cleanly on %s",
  async (signal) => {
    const { child, output, ended } = run("--port", "0");
    await until(() => output.out.includes("Stop with Ctrl+C."));
    expect(output.out).toMatch(/Twilio simulator: http:\/\/127\.0\.0\.1:\d+/);
    expect(output.out).toMatch(/Account SID {3}AC[0-9a-f]{32}/);
    expect(output.out).toContain("/simulator/faults");
    child.kill(signal);
    expect((await ended)[0]).toBe(0);
  },
);

test("says which port is taken and ends with 1", async () => {
  const simulator = await startTwilioSimulator();
  onTestFinished(() => simulator.close());
  const { port } = new URL(simulator.url);
  const { output, ended } = run("--port", port);
  expect((await ended)[0]).toBe(1);
  expect(output.err.trim()).toBe(
    `Port ${port} is taken; choose another with --port, or --port 0 for any free one.`,
  );
});

test("ends with 1 on a flag it does not know", async () => {
  const { output, ended } = run("--nonsense");
  expect((await ended)[0]).toBe(1);
  expect(output.err.trim()).toBe("Unknown option '--nonsense'. Run with --help to see all flags.");
});
