import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import { readFlags } from "./command-line.ts";

const Flags = z.object({
  salon: z.string().optional(),
  times: z.string().regex(/^\d+$/, "must be a whole number").prefault("1"),
  apply: z.boolean().default(false),
});
const read = (...args: string[]) => readFlags(args, Flags, ["apply"]);

test("reads flags by their schema, with its defaults", () => {
  expect(read("--salon", "a", "--apply")).toEqual({
    kind: "run",
    flags: { salon: "a", times: "1", apply: true },
  });
  expect(read("--times=2")).toEqual({ kind: "run", flags: { times: "2", apply: false } });
});

test("helps before anything else", () => {
  expect(read("--help", "--times", "many")).toEqual({ kind: "help" });
});

test.each([
  [["--times", "many"], "--times must be a whole number."],
  [["--tmes", "2"], "--tmes"],
  [["salon-7"], "salon-7"],
  [["--salon"], "--salon"],
])("refuses %j in a sentence that names it", (args, words) => {
  expect(read(...args)).toEqual({ kind: "wrong", sentence: expect.stringContaining(words) });
});

describe.each([
  ["build", "build.ts"],
  ["event-schemas", "event-schemas.ts"],
  ["deploy:plan", "deploy/main.ts"],
  ["audit:verify", "audit/verify.ts"],
  ["start", "demo/start.ts"],
  ["demo", "demo/main.ts"],
])("npm run %s", (_, script) => {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const say = (...args: string[]) =>
    spawnSync(process.execPath, [file, ...args], { encoding: "utf8", cwd: tmpdir(), env: {} });

  test("says with --help what it does, and does nothing", () => {
    const { status, stdout, stderr } = say("--help");
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^Usage: npm /);
    expect(stdout).toContain("--help");
  });

  test("refuses a flag that it does not have in one sentence, and does nothing", () => {
    const { status, stdout, stderr } = say("--colour", "blue");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toMatch(/^[^\n]*--colour[^\n]* Run with --help to see all flags\.\n$/);
  });
});

test("audit:verify says which variable is missing, without a stack trace", () => {
  const file = fileURLToPath(new URL("audit/verify.ts", import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, [file], { encoding: "utf8", env: {} });
  expect({ status, stdout, stderr }).toEqual({
    status: 1,
    stdout: "",
    stderr: "Configuration: GOOGLE_CLOUD_PROJECT is not set. See .env.example.\n",
  });
});
