import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type ChildOptions, startChild } from "./child-process.ts";

const env = { PATH: process.env.PATH };

function shell(script: string, more: Partial<ChildOptions> = {}) {
  const command = { command: "/bin/sh", args: ["-c", script], env };
  return startChild({ name: "The test program", ready: { line: /^ready$/ }, ...command, ...more });
}

/** A process that has ended but whose parent has not noticed yet is not running. */
function isRunning(pid: number): boolean {
  const state = spawnSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).stdout.trim();
  return state !== "" && !state.startsWith("Z");
}

test("is there once the program says that it is ready, and gone once stopped", async () => {
  const child = await shell("echo ready; exec sleep 60");
  expect(isRunning(child.pid)).toBe(true);
  await child.stop();
  expect(isRunning(child.pid)).toBe(false);
  expect(await child.ended).toBe("SIGTERM");
});

test("kills a program that ignores the request to stop", async () => {
  const child = await shell("trap '' TERM; echo ready; while :; do sleep 1; done");
  await child.stop(50);
  expect(await child.ended).toBe("SIGKILL");
});

test("stops what the program itself has started", async () => {
  const lines: string[] = [];
  const child = await shell("sleep 60 & echo $!; echo ready; wait", { onLine: (line) => lines.push(line) });
  const grandchild = Number(lines[0]);
  expect(isRunning(grandchild)).toBe(true);
  await child.stop();
  await expect.poll(() => isRunning(grandchild)).toBe(false);
});

test("says how a program ended that never got ready, and what it said last", async () => {
  await expect(shell("echo no memory >&2; exit 3")).rejects.toThrow(
    /^The test program ended with exit code 3 while starting\. It said:\n {2}no memory$/,
  );
});

test("gives up on a program that takes too long, and leaves nothing behind", async () => {
  let pid = 0;
  const onLine = (line: string) => {
    pid = Number(line);
  };
  await expect(shell("echo $$; exec sleep 60", { readyWithinMs: 100, onLine })).rejects.toThrow(
    "within 100 ms",
  );
  expect(isRunning(pid)).toBe(false);
});

test("names the program that is not installed, and the remedy", async () => {
  const missing = shell("", { command: "no-such-java", remedy: "Install Java." });
  await expect(missing).rejects.toThrow(
    "needs the program no-such-java, which is not installed. Install Java.",
  );
});

test("passes on no environment but the given one", async () => {
  const lines: string[] = [];
  const onLine = (line: string) => lines.push(line);
  const child = await shell("env; echo ready; exec sleep 60", { env: { ONLY: "this" }, onLine });
  await child.stop();
  const names = lines.filter((line) => line.includes("=")).map((line) => line.split("=")[0]);
  expect(names.filter((name) => !["PWD", "_", "SHLVL", "OLDPWD"].includes(name ?? ""))).toEqual(["ONLY"]);
});

test("a child does not outlive us, even when we are killed without warning", async () => {
  const module = fileURLToPath(new URL("./child-process.ts", import.meta.url));
  const program = `
    import { startChild } from ${JSON.stringify(module)};
    const { pid } = await startChild({ name: "child", command: "/bin/sh", env: {}, ready: { line: /ready/ },
      args: ["-c", "echo ready; exec sleep 60"] });
    console.log(pid);
    setInterval(() => {}, 1000);
  `;
  const parent = spawn(process.execPath, ["--input-type=module", "--eval", program], { env });
  const [line] = await once(createInterface({ input: parent.stdout }), "line");
  const pid = Number(line);
  expect(isRunning(pid)).toBe(true);
  parent.kill("SIGKILL");
  await expect.poll(() => isRunning(pid)).toBe(false);
});
